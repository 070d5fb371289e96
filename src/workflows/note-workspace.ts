/** What a topic remembers of the places in which its turns work. Pure. */
import type { RunTurnOutput } from '../activities/types.js';
import { defined } from '../contract/defined.js';
import type { RunningPrompt, SessionRecord } from '../contract/state.js';
import { boundedSharing } from '../contract/workspace.js';

/** Notes the ground for the session's next turn. If it is not known, the next turn is compared with nothing. */
export function noteGround(session: SessionRecord, { ground_after }: Pick<RunTurnOutput, 'ground_after'>): void {
  if (ground_after) session.ground = ground_after;
  else delete session.ground;
}

/** Gathers this for the outcome. A turn that waits or is fixed ends several times. */
export function noteSurroundings(turn: RunningPrompt, ended: RunTurnOutput): void {
  const shared = boundedSharing([...(turn.shared_with ?? []), ...(ended.shares_directory_with ?? [])]);
  if (shared.length > 0) turn.shared_with = shared;
  if (ended.ground) turn.moved ??= ended.ground;
}

export function surroundingsOf({ shared_with, moved }: RunningPrompt) {
  return defined({ shares_directory_with: shared_with, ground: moved });
}
