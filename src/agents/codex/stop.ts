/** Stops the turn in a thread, and deletes a thread. */
import * as z from 'zod';
import type { SessionId } from '../../contract/ids.js';
import type { SessionRef } from '../agent.js';
import { CallFailed, type Connection } from './connection.js';
import type { CodexHome } from './home.js';
import { readOnce } from './read-session.js';
import type { Rollout } from './rollout.js';
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
  try {
    await endCommands(connection, session.session_id, read.rollout);
  } catch (error) {
    // The calls are experimental. A version without them leaves the commands running.
    if (!(error instanceof CallFailed) || error.code === undefined) throw error;
    home.log('Codex does not end the commands of a turn that was stopped.', { reason: error.reason });
  }
}

const Terminals = z.object({ data: z.array(z.object({ itemId: z.string(), processId: z.string() })) });

/**
 * Ends the commands of the prompt that was stopped, because the interrupt leaves them running
 * (0.169.0). Those of earlier prompts go on.
 */
async function endCommands(connection: Connection, threadId: SessionId, { turns }: Rollout): Promise<void> {
  const first = turns.findLastIndex(({ entries }) => entries.some(({ type }) => type === 'input'));
  const calls = turns
    .slice(Math.max(first, 0))
    .flatMap(({ entries }) => entries.flatMap((entry) => (entry.type === 'called' ? [entry.call] : [])));
  const listed = Terminals.safeParse(await connection.call('thread/backgroundTerminals/list', { threadId }));
  for (const { itemId, processId } of listed.data?.data ?? [])
    if (calls.includes(itemId)) await connection.call('thread/backgroundTerminals/terminate', { threadId, processId });
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
