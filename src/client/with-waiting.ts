/**
 * Asks topics that wait what they wait for. Each is asked by query, which needs its worker, so the
 * number and the time are bounded. A topic that was not asked, or did not answer, is listed without.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Waiting } from '../contract/asks.js';
import { Semaphore } from '../semaphore.js';
import type { TopicSummary } from './list-topics.js';
import type { SessionManager } from './session-manager.js';

export interface WaitingTopic extends TopicSummary {
  /** What its turn waits for, if the topic said it in time. */
  waiting?: Waiting;
  /** The host that does not answer, if the turn waits for that. */
  waiting_for_host?: string;
}

const MOST_ASKED = 100;
const ASKED_AT_ONCE = 8;
const ASKED_FOR_MS = 5000;

export async function withWaiting(
  manager: Pick<SessionManager, 'view'>,
  topics: readonly TopicSummary[],
): Promise<WaitingTopic[]> {
  const found = topics.map((topic): WaitingTopic => ({ ...topic }));
  const asked = found.filter(({ state, problem }) => state === 'waiting' && !problem).slice(0, MOST_ASKED);
  const over = new AbortController();
  const places = new Semaphore(ASKED_AT_ONCE);
  const ask = async (one: WaitingTopic) => {
    const release = await places.acquire(over.signal);
    try {
      const { waiting, waiting_for_host } = (await manager.view(one.topic)).running ?? {};
      if (over.signal.aborted) return;
      if (waiting) one.waiting = waiting;
      if (waiting_for_host !== undefined) one.waiting_for_host = waiting_for_host;
    } finally {
      release();
    }
  };
  const all = Promise.allSettled(asked.map(ask)); // A topic that does not answer is listed without.
  await Promise.race([all, sleep(ASKED_FOR_MS, undefined, { signal: over.signal, ref: false })]).catch(() => undefined);
  over.abort();
  return found;
}
