/**
 * Asks many topics for their view. Each is asked by query, which needs its worker, so the number and
 * the time are bounded. A topic that was not asked, or did not answer, is missing in the result.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TopicView } from '../contract/views.js';
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
  const left = topics.slice(0, most)[Symbol.iterator]();
  const askOn = async () => {
    for (const one of left) {
      const view = await manager.view(one.topic).catch(() => undefined); // A topic that does not answer is missing.
      if (over.signal.aborted) return;
      if (view) views.set(one, view);
    }
  };
  const all = Promise.all(Array.from({ length: ASKED_AT_ONCE }, askOn));
  await Promise.race([all, sleep(withinMs, undefined, { signal: over.signal, ref: false })]).catch(() => undefined);
  over.abort();
  return views;
}
