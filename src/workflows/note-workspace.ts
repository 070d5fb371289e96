/** What a topic remembers of the places in which its turns work. Pure. */
import type { RunTurnOutput } from '../activities/types.js';
import { defined } from '../contract/defined.js';
import type { RunningPrompt, SessionRecord } from '../contract/state.js';
import { boundedSharing } from '../contract/workspace.js';

/** For the session's next turn. Where it is not known, the next turn is not compared with an older one. */
export function noteGround(session: SessionRecord, { ground_after }: Pick<RunTurnOutput, 'ground_after'>): void {
  if (ground_after) session.ground = ground_after;
  else delete session.ground;
}

/** For the outcome: a turn that waits, or whose checks fail, is worked on several times. */
export function noteSurroundings(turn: RunningPrompt, ended: RunTurnOutput): void {
  const shared = boundedSharing([...(turn.shared_with ?? []), ...(ended.shares_directory_with ?? [])]);
  if (shared.length > 0) turn.shared_with = shared;
  if (ended.ground) turn.moved ??= ended.ground;
}

export function surroundingsOf({ shared_with, moved }: RunningPrompt) {
  return defined({ shares_directory_with: shared_with, ground: moved });
}
