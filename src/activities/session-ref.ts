/** A session as its agent needs it, from what the topic keeps of it. */
import type { SessionRef } from '../agents/agent.js';
import type { RunTurnInput } from './types.js';

export function sessionRefOf({ session_id, pinned }: Pick<RunTurnInput, 'session_id' | 'pinned'>): SessionRef {
  const { cwd, store, model, variant, mode, instructions } = pinned;
  return {
    session_id,
    cwd,
    store,
    ...(model !== undefined && { model }),
    ...(variant !== undefined && { variant }),
    ...(mode !== undefined && { mode }),
    ...(instructions !== undefined && { instructions }),
  };
}
