/**
 * Asks many topics for their view. Each is asked by query, which needs its worker, so the number and
 * the time are bounded. A topic that was not asked, or did not answer, is missing in the result.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TopicView } from '../contract/views.js';
import { Semaphore } from '../semaphore.js';
import type { TopicSummary } from './list-topics.js';
import type { SessionManager } from './session-manager.js';

export interface Bounds {
  most: number;
  withinMs: number;
}

const ASKED_AT_ONCE = 8;

export async function viewsOf(
  manager: Pick<SessionManager, 'view'>,
  topics: readonly TopicSummary[],
  { most, withinMs }: Bounds,
): Promise<Map<TopicSummary, TopicView>> {
  const views = new Map<TopicSummary, TopicView>();
  const over = new AbortController();
  const places = new Semaphore(ASKED_AT_ONCE);
  const ask = async (one: TopicSummary) => {
    const release = await places.acquire(over.signal);
    try {
      const view = await manager.view(one.topic);
      if (!over.signal.aborted) views.set(one, view);
    } finally {
      release();
    }
  };
  const all = Promise.allSettled(topics.slice(0, most).map(ask)); // A topic that does not answer is missing.
  await Promise.race([all, sleep(withinMs, undefined, { signal: over.signal, ref: false })]).catch(() => undefined);
  over.abort();
  return views;
}
