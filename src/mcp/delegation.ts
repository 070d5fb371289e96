/** Hands over a prompt and asks for its outcome. Each wait is bounded. */
import type { CallToolResult } from '@modelcontextprotocol/server';
import { newPromptId } from '../client/new-prompt-id.js';
import type { PromptOptions } from '../client/prompt-of.js';
import { SessionError, sessionError } from '../client/session-error.js';
import { defined } from '../contract/defined.js';
import type { SessionManager } from '../client/session-manager.js';
import type { Waiting } from '../contract/asks.js';
import type { Accepted, PromptState, TurnResult } from '../contract/types.js';
import { pageAnswer, pendingAnswer, refusalAnswer, resultAnswer, type Showing } from './answers.js';
import { waited, type Call, type CallHooks } from './call.js';
import type { WaitsForAnswer } from './person.js';

export interface Delegation extends PromptOptions {
  prompt: string;
  topic?: string;
  wait_seconds?: number;
}

export interface Question extends Showing {
  topic: string;
  prompt_id: string;
  wait_seconds?: number;
  page?: number;
}

/**
 * First submits the prompt, then waits for the outcome. Once the prompt is accepted, it survives
 * this process and its client. The prompt id is created here, so that an error can name it and the
 * call can be repeated.
 */
export async function delegate(
  { prompt, topic, wait_seconds, ...said }: Delegation,
  call: Call,
): Promise<CallToolResult> {
  const deadline = deadlineOf(wait_seconds, call);
  const prompt_id = said.prompt_id ?? newPromptId();
  try {
    return await call.using(async (manager) => {
      const { notice, ...accepted } = await manager.submit(topic, prompt, { ...said, prompt_id });
      if (notice && wait_seconds === 0) throw new SessionError(notice, accepted);
      if (wait_seconds === 0) return pendingAnswer(accepted);
      const result = await ended(manager, accepted, call, deadline);
      if (result) return resultAnswer(result);
      // An error of this query changes nothing: the prompt is accepted.
      const state = await manager.outcome(accepted.topic, prompt_id).catch(() => undefined);
      if (notice && !state) throw new SessionError(notice, accepted); // Still no worker.
      return stateAnswer(accepted, state) ?? pendingAnswer(accepted);
    });
  } catch (error) {
    return refusalAnswer(error, { ...defined({ topic }), prompt_id });
  }
}

/**
 * @throws SessionError TOPIC_UNKNOWN, OUTCOME_UNKNOWN, or the code with which the prompt was
 * refused
 */
export async function outcome(
  { topic, prompt_id, wait_seconds, page, ...showing }: Question,
  call: Call,
): Promise<CallToolResult> {
  if (page !== undefined)
    return call.using(async (manager) => pageAnswer(await manager.reply(topic, prompt_id, page), showing));
  const deadline = deadlineOf(wait_seconds, call);
  return call.using(async (manager) => {
    // The query comes before the wait, because it reports an unknown topic at once.
    const before = await manager.outcome(topic, prompt_id);
    if (before.state === 'ended' || before.state === 'refused' || wait_seconds === 0)
      return certainAnswer(topic, before, showing);
    const result = await ended(manager, { topic, prompt_id }, call, deadline);
    return result
      ? resultAnswer(result, showing)
      : certainAnswer(topic, await manager.outcome(topic, prompt_id), showing);
  });
}

/**
 * Waits for the outcome. When the turn asks, the person at the client is asked.
 *
 * @returns undefined when the time is over, or when the turn asks and nobody here answers it
 */
async function ended(
  manager: SessionManager,
  prompt: { topic: string; prompt_id: string },
  call: Call,
  deadline: number,
): Promise<TurnResult | undefined> {
  const { topic } = prompt;
  let asks: WaitsForAnswer | undefined;
  for (;;) {
    const seen = await waited(call, deadline, (hooks) => nextOf(manager, prompt, hooks, call, asks));
    if (!seen || seen === 'open') return undefined;
    call.person?.withdraw(topic, 'ask' in seen ? seen.ask.ask_id : undefined);
    if (!('ask' in seen)) return seen;
    if (!call.person) return undefined;
    asks = seen;
  }
}

/** The outcome; an ask other than the one before; or `open`, when the person does not answer that one. */
function nextOf(
  manager: SessionManager,
  { topic, prompt_id }: { topic: string; prompt_id: string },
  hooks: CallHooks,
  { person, using }: Call,
  before: WaitsForAnswer | undefined,
): Promise<TurnResult | WaitsForAnswer | 'open'> {
  return new Promise((resolve, reject) => {
    const onWaiting = (waiting: Waiting | undefined) => {
      hooks.onWaiting?.(waiting);
      if (waiting?.for === 'answer' && waiting.ask.ask_id !== before?.ask.ask_id) resolve(waiting);
    };
    manager.wait(topic, prompt_id, { ...hooks, onWaiting }).then(resolve, reject);
    if (person && before) person.asked(topic, before, using).then((answered) => answered || resolve('open'), reject);
  });
}

function certainAnswer(topic: string, state: PromptState, showing: Showing): CallToolResult {
  const { prompt_id } = state;
  const answer = stateAnswer({ status: 'accepted', topic: topic as Accepted['topic'], prompt_id }, state, showing);
  if (answer) return answer;
  const ids = { topic: topic as Accepted['topic'], prompt_id };
  if (state.state === 'refused') throw new SessionError(state.error, ids);
  const why = state.state === 'ended' ? 'has ended, and its outcome is no longer remembered' : 'is not known there';
  throw sessionError('OUTCOME_UNKNOWN', `Prompt ${prompt_id} of topic ${topic} ${why}.`, ids);
}

/** Undefined when the state has no outcome and none is to come. */
function stateAnswer(
  accepted: Accepted,
  state: PromptState | undefined,
  showing: Showing = {},
): CallToolResult | undefined {
  if (state?.state === 'ended') return state.outcome && resultAnswer(state.outcome, showing);
  if (state?.state === 'queued') return pendingAnswer({ ...state, ...accepted });
  if (state?.state === 'running') {
    const { waiting, ...running } = state;
    return pendingAnswer({ ...running, ...accepted, ...defined({ waiting_for: waiting }) });
  }
  return undefined;
}

function deadlineOf(wait_seconds: number | undefined, { waitSeconds }: Call): number {
  return performance.now() + 1000 * (wait_seconds ?? waitSeconds);
}
