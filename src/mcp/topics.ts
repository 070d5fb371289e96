/** Shows and lists topics, answers what their turns ask, and stops them. */
import type { CallToolResult } from '@modelcontextprotocol/server';
import { sessionError } from '../client/session-error.js';
import type { TopicSummary } from '../client/list-topics.js';
import type { SessionManager } from '../client/session-manager.js';
import { withWaiting } from '../client/with-waiting.js';
import type { Decision } from '../contract/asks.js';
import { defined } from '../contract/defined.js';
import type { TopicView } from '../contract/views.js';
import { factsAnswer } from './answers.js';
import type { Call } from './call.js';

/** Names a topic directly, or by one of its sessions. */
export interface Which {
  topic?: string;
  session_id?: string;
}

/** Characters of each reply in a view, because a model reads it. */
const SHOWN_REPLY_LENGTH = 500;
const LISTED = 20;

export async function view(which: Which, call: Call): Promise<CallToolResult> {
  const shown = await call.using(async (manager) => manager.view(await topicAskedFor(manager, which)));
  return factsAnswer(briefly(shown), { session_id: shown.session_id, topic: shown.topic, status: shown.state });
}

export async function cancel(
  { prompt_id, ...which }: Which & { prompt_id?: string },
  call: Call,
): Promise<CallToolResult> {
  return call.using(async (manager) => {
    const topic = await topicAskedFor(manager, which);
    const cancelled = await manager.cancel(topic, prompt_id);
    return factsAnswer({ topic, ...cancelled }, { topic, prompt_id: cancelled.prompt_id, status: cancelled.effect });
  });
}

/** Answers what the running turn asks, or tries it again. */
export async function answer(
  { decision, text, ask_id, ...which }: Which & { decision: Decision | 'retry'; text?: string; ask_id?: string },
  call: Call,
): Promise<CallToolResult> {
  return call.using(async (manager) => {
    const topic = await topicAskedFor(manager, which);
    if (decision === 'retry') {
      const retried = await manager.retry(topic);
      return factsAnswer({ topic, ...retried }, { topic, status: retried.effect });
    }
    const taken = await manager.answer(topic, { decision, ...defined({ text, ask_id }) });
    return factsAnswer({ topic, effect: 'answered', ...taken }, { topic, status: 'answered' });
  });
}

export async function list(
  { all = false, limit = LISTED }: { all?: boolean; limit?: number },
  call: Call,
): Promise<CallToolResult> {
  return call.using(async (manager) => {
    const topics: TopicSummary[] = [];
    let more = false;
    for await (const topic of manager.list()) {
      if (topic.state === 'closed' && !all) continue;
      more = topics.length === limit;
      if (more) break;
      topics.push(topic);
    }
    return factsAnswer({ topics: await withWaiting(manager, topics), more });
  });
}

async function topicAskedFor(manager: SessionManager, { topic, session_id }: Which): Promise<string> {
  if (session_id === undefined) {
    if (topic === undefined)
      throw sessionError('INVALID_PROMPT', 'Neither field "topic" nor field "session_id" is given.');
    return topic;
  }
  const its = await manager.topicOf(session_id);
  if (topic !== undefined && topic !== its)
    throw sessionError('SESSION_PINNED', `Session ${session_id} belongs to topic ${its}, not to topic ${topic}.`, {
      topic: its,
    });
  return its;
}

function briefly(view: TopicView): object {
  return {
    ...view,
    sessions: view.sessions.map(({ pinned: { instructions: _, ...pinned }, ...session }) => ({ ...session, pinned })),
    outcomes: view.outcomes.map(({ reply_parts: _, ...outcome }) =>
      outcome.reply.length > SHOWN_REPLY_LENGTH
        ? { ...outcome, reply: outcome.reply.slice(0, SHOWN_REPLY_LENGTH), reply_truncated: true }
        : outcome,
    ),
  };
}
