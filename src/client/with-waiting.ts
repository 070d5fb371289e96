import type { Waiting } from '../contract/asks.js';
import { defined } from '../contract/defined.js';
import { titleOf } from '../contract/text.js';
import type { TopicView } from '../contract/views.js';
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
  return topics.map((topic) => ({ ...topic, ...waitIn(views.get(topic)) }));
}

export interface TopicWithGoal extends WaitingTopic {
  /** The goal of its running or last turn, on one line, if the topic answered in time. */
  goal?: string;
}

/** Asks topics for the goal of their last turn, too. */
export async function withGoals(
  manager: Pick<SessionManager, 'view'>,
  topics: readonly TopicSummary[],
): Promise<TopicWithGoal[]> {
  const asked = topics.filter(({ problem }) => !problem);
  const views = await viewsOf(manager, asked, { most: 50, withinMs: 3000 });
  return topics.map((topic) => {
    const view = views.get(topic);
    const goal = view?.running ? titleOf(view.running.prompt, GOAL_LENGTH) : view?.outcomes.at(-1)?.goal;
    return { ...topic, ...waitIn(view), ...defined({ goal }) };
  });
}

const GOAL_LENGTH = 120;

function waitIn(view: TopicView | undefined): Pick<WaitingTopic, 'waiting' | 'waiting_for_host'> {
  const { waiting, waiting_for_host } = view?.running ?? {};
  return defined({ waiting, waiting_for_host });
}
