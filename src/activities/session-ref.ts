/** The part of the topic's record of a session that its agent needs. */
import { defined } from '../contract/defined.js';
import type { SessionRef } from '../agents/agent.js';
import type { RunTurnInput } from './types.js';

export function sessionRefOf({ session_id, pinned }: Pick<RunTurnInput, 'session_id' | 'pinned'>): SessionRef {
  const { cwd, store, model, variant, mode, instructions } = pinned;
  return {
    session_id,
    cwd,
    store,
    ...defined({ model, variant, mode, instructions }),
  };
}
