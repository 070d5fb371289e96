/**
 * Has OpenCode compact a conversation. OpenCode stores the request as a message with a part `compaction`,
 * and the summary as the answer to it. The session is busy until the summary is stored (1.18.33).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../../contract/failures.js';
import { AgentError, type SessionRef } from '../agent.js';
import type { CompactionSight, DriverCompaction } from '../compaction.js';
import { ask } from './calls.js';
import { failureOf } from './failures.js';
import type { OpenCodeHome } from './home.js';
import { newestMessages } from './newest-messages.js';
import { statusOf, type Place } from './read-session.js';
import type { Connection } from './server.js';
import { modelRefOf } from './settings.js';
import type { StoredMessage } from './turn-state.js';
import { isAnswer, isCompaction } from './unfinished.js';
import { usageOf } from './usage.js';

const STARTS_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 25;

export function compactionIn(home: OpenCodeHome): DriverCompaction {
  async function read(session: SessionRef) {
    const connection = await home.connect();
    const place = await home.placeOf(connection, session);
    return { connection, place, messages: (await newestMessages(connection, place)) ?? [] };
  }
  return {
    mark: async (session) => (await read(session)).messages.at(-1)?.info.id ?? '',
    async start(session) {
      const { connection, place, messages } = await read(session);
      const model = session.model === undefined ? lastModelIn(messages) : modelRefOf(session.model);
      if (!model) {
        const message = `OpenCode compacts with a model, and session ${session.session_id} names none.`;
        throw new AgentError(failure('MODEL_UNKNOWN', message), false);
      }
      await started(connection, place, model);
    },
    async look(session, mark) {
      const { connection, place } = await read(session);
      const before = await statusOf(connection, place);
      const messages = (await newestMessages(connection, place)) ?? [];
      return compactionSince(messages, mark, before.type === 'idle', session);
    },
  };
}

function lastModelIn(messages: StoredMessage[]) {
  const last = messages.findLast(isAnswer)?.info;
  return last && { providerID: last.providerID, modelID: last.modelID };
}

/** The call lasts as long as the compaction. The compaction goes on if the caller leaves. */
async function started(connection: Connection, place: Place, model: { providerID: string; modelID: string }) {
  const leaves = new AbortController();
  let isOver = false;
  const call = ask('compact the session', ({ signal }) =>
    connection.client.session.summarize(
      { ...place, ...model, auto: false },
      { signal: AbortSignal.any([signal, leaves.signal]) },
    ),
  );
  const over = call.finally(() => (isOver = true));
  over.catch(() => undefined); // Its caller awaits it below, or has left.
  for (const end = Date.now() + STARTS_WITHIN_MS; !isOver && Date.now() < end; await sleep(LOOK_EVERY_MS)) {
    if ((await statusOf(connection, place)).type === 'idle' || isOver) continue;
    leaves.abort();
    return;
  }
  await over;
}

/** Pure. */
export function compactionSince(
  messages: StoredMessage[],
  mark: string,
  isIdle: boolean,
  { session_id }: Pick<SessionRef, 'session_id'>,
): CompactionSight {
  const at = messages.findIndex(({ info }) => info.id === mark);
  if (at < 0) return { is: 'absent' }; // Somebody has removed what it follows.
  const since = messages.slice(at + 1);
  // A person has sent a prompt meanwhile.
  if (since.some((message) => message.info.role === 'user' && !isCompaction(message))) return { is: 'absent' };
  const summary = since.filter(isAnswer).findLast(({ info }) => info.summary);
  if (!isIdle) return { is: 'running' };
  if (!summary || (!summary.info.error && !summary.info.finish)) return { is: 'absent' };
  const usage = usageOf([summary]);
  if (!summary.info.error) return { is: 'done', usage };
  return { is: 'failed', because: failureOf(summary.info.error, session_id).message, usage };
}
