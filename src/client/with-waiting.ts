import type { Waiting } from '../contract/asks.js';
import { defined } from '../contract/defined.js';
import type { TopicSummary } from './list-topics.js';
import type { SessionManager } from './session-manager.js';
import { viewsOf } from './views-of.js';

export interface WaitingTopic extends TopicSummary {
  /** What its turn waits for, if the topic said it in time. */
  waiting?: Waiting;
  /** The host that does not answer, if the turn waits for that. */
  waiting_for_host?: string;
}

/** Asks topics that wait what they wait for. A topic that does not say it in time is listed without. */
export async function withWaiting(
  manager: Pick<SessionManager, 'view'>,
  topics: readonly TopicSummary[],
): Promise<WaitingTopic[]> {
  const asked = topics.filter(({ state, problem }) => state === 'waiting' && !problem);
  const views = await viewsOf(manager, asked, { most: 100, withinMs: 5000 });
  return topics.map((topic) => {
    const { waiting, waiting_for_host } = views.get(topic)?.running ?? {};
    return { ...topic, ...defined({ waiting, waiting_for_host }) };
  });
}
