/** Stops the turn in a thread, and deletes a thread. */
import type { SessionId } from '../../contract/ids.js';
import type { SessionRef } from '../agent.js';
import { CallFailed } from './connection.js';
import type { CodexHome } from './home.js';
import { readOnce } from './read-session.js';
import type { Live } from './server.js';
import { openTurnOf } from './turn-state.js';

/**
 * Does nothing if nothing runs. The caller looks, and calls again while a turn runs.
 *
 * @throws CallFailed
 */
export async function abort(home: CodexHome, session: SessionRef): Promise<void> {
  const read = await readOnce(home, session);
  const turn = read && openTurnOf(read.rollout);
  if (!read?.isActive || read.thread === 'elsewhere' || !turn) return;
  const { connection } = await home.connect();
  await connection.call('turn/interrupt', { threadId: session.session_id, turnId: turn.id });
}

/**
 * Succeeds if the thread does not exist.
 *
 * @throws CallFailed
 */
export async function deleteThread({ connection }: Live, session: SessionId): Promise<void> {
  try {
    await connection.call('thread/delete', { threadId: session });
  } catch (error) {
    if (error instanceof CallFailed && /no rollout found|not found/i.test(error.reason)) return;
    throw error;
  }
}
