/** Shows and lists topics, answers what their turns ask, and stops them. */
import type { CallToolResult } from '@modelcontextprotocol/server';
import { sessionError } from '../client/session-error.js';
import type { TopicSummary } from '../client/list-topics.js';
import type { SessionManager } from '../client/session-manager.js';
import { withGoals } from '../client/with-waiting.js';
import type { Decision } from '../contract/asks.js';
import { defined } from '../contract/defined.js';
import type { TurnResult } from '../contract/types.js';
import type { TopicView } from '../contract/views.js';
import { factsAnswer } from './answers.js';
import type { Call } from './call.js';
import { MOST_TOKENS, roomOf, type Room } from './tokens.js';

/** Names a topic directly, or by one of its sessions. */
export interface Which {
  topic?: string;
  session_id?: string;
}

/** Characters of each reply in a view, because a model reads it. */
const SHOWN_REPLY_LENGTH = 500;
const LISTED = 20;
/** Skips topics of other projects. A page of Temporal's list has 1,000. */
const MOST_SEEN = 3000;
/** The rest is for the text around the facts. */
const FOR_FACTS: Room = { tokens: MOST_TOKENS - 1000, bytes: 46 * 1024, lines: 1800 };

export async function view(which: Which, call: Call): Promise<CallToolResult> {
  const shown = await call.using(async (manager) => manager.view(await topicAskedFor(manager, which)));
  const brief = briefly(shown);
  if (!call.signal.aborted)
    for (const { prompt_id, reply_truncated } of brief.outcomes)
      if (!reply_truncated) call.handedOver.delivered({ topic: shown.topic, prompt_id });
  return factsAnswer(brief, { session_id: shown.session_id, topic: shown.topic, status: shown.state });
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
    const { topics, more } = await hereFirst(manager, all, limit);
    const told = (await withGoals(manager, topics)).map((topic) =>
      call.handedOver.has(topic.topic) ? { ...topic, yours: true } : topic,
    );
    const fitting = told.slice(0, fittingOf(told));
    return factsAnswer({ topics: fitting, more: more || fitting.length < told.length });
  });
}

/** Those of the caller's project, then the others, both newest first. */
async function hereFirst(
  manager: SessionManager,
  all: boolean,
  limit: number,
): Promise<{ topics: TopicSummary[]; more: boolean }> {
  const here: TopicSummary[] = [];
  const elsewhere: TopicSummary[] = [];
  let seen = 0;
  for await (const topic of manager.list()) {
    if (topic.state === 'closed' && !all) continue;
    (topic.project === manager.project ? here : elsewhere).push(topic);
    seen += 1;
    if (here.length > limit || seen === MOST_SEEN) break;
  }
  const topics = [...here, ...elsewhere];
  return { topics: topics.slice(0, limit), more: topics.length > limit || seen === MOST_SEEN };
}

/** How many of the first fit into an answer. */
function fittingOf(list: readonly object[]): number {
  const left = { ...FOR_FACTS };
  const first = list.findIndex((one) => {
    const { tokens, bytes, lines } = roomOf(JSON.stringify({ list: [one] }, null, 1));
    left.tokens -= tokens;
    left.bytes -= bytes;
    left.lines -= lines;
    return left.tokens < 0 || left.bytes < 0 || left.lines < 0;
  });
  return first === -1 ? list.length : first;
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

/** Keeps as much as fits into an answer: the newest outcomes, then the next prompts. */
function briefly({ outcomes, queue, refused, sessions, days: _days, ...view }: TopicView) {
  const brief = {
    ...view,
    sessions: sessions.map(({ pinned: { instructions: _, ...pinned }, followed_up: _followedUp, ...session }) => ({
      ...session,
      pinned,
    })),
  };
  let taken: object[] = [brief];
  const fit = <T extends object>(list: readonly T[]): T[] => {
    const fits = list.slice(0, Math.max(0, fittingOf([...taken, ...list]) - taken.length));
    taken = [...taken, ...fits];
    return fits;
  };
  const newest = fit([...outcomes].reverse().map(({ reply_parts: _, ...outcome }) => withShortReply(outcome)));
  const next = fit(queue.map((one) => ({ ...one, prompt: shortened(one.prompt) })));
  return {
    ...brief,
    queue: next,
    outcomes: newest.reverse(),
    refused: fit([...refused].reverse()).reverse(),
    ...left('queue_left_off', queue.length - next.length),
    ...left('outcomes_left_off', outcomes.length - newest.length),
  };
}

function withShortReply(outcome: TurnResult): TurnResult {
  const reply = shortened(outcome.reply);
  return reply === outcome.reply ? outcome : { ...outcome, reply, reply_truncated: true };
}

const left = (name: string, number: number) => number > 0 && { [name]: number };

const shortened = (text: string) => text.slice(0, SHOWN_REPLY_LENGTH).replace(/[\uD800-\uDBFF]$/, '');
