/** Hands over a prompt and asks for its outcome. Each wait is bounded. */
import type { CallToolResult } from '@modelcontextprotocol/server';
import { newPromptId } from '../client/new-prompt-id.js';
import type { PromptOptions } from '../client/prompt-of.js';
import { SessionError, sessionError } from '../client/session-error.js';
import { defined } from '../contract/defined.js';
import type { NamedPrompt, WaitFor } from '../client/outcomes.js';
import type { SessionManager } from '../client/session-manager.js';
import type { Waiting } from '../contract/asks.js';
import type { Accepted, PromptState, TurnResult } from '../contract/types.js';
import {
  attachedAnswer,
  factsOf,
  pageAnswer,
  pendingAnswer,
  refusalAnswer,
  resultAnswer,
  stateAnswer,
  type Showing,
} from './answers.js';
import { deadlineOf, waited, type Call, type CallHooks } from './call.js';
import type { Handed } from './handed-over.js';
import { severalOutcomes } from './several-outcomes.js';
import type { WaitsForAnswer } from './person.js';

export interface Delegation extends PromptOptions {
  prompt: string;
  topic?: string;
  wait_seconds?: number;
}

interface One extends NamedPrompt {
  offset?: number;
  wait_seconds?: number;
  page?: number;
}

export interface Question extends Partial<One> {
  prompts?: NamedPrompt[];
  wait?: WaitFor;
}

/** The arguments that make two calls the same. */
type Asked = Omit<Delegation, 'wait_seconds'>;

/**
 * First submits the prompt, then waits for the outcome. Once the prompt is accepted, it survives
 * this process and its client. The prompt id is created here, so that an error can name it and the
 * call can be repeated.
 */
export async function delegate({ wait_seconds, ...asked }: Delegation, call: Call): Promise<CallToolResult> {
  const started = { at: performance.now(), deadline: deadlineOf(wait_seconds, call) };
  const { handedOver } = call;
  if (asked.prompt_id !== undefined) return handOver(asked, wait_seconds, call, started, undefined, false);
  const { handed, attached } = await handedOver.attachOrStart(asked, newPromptId, call.using);
  let delivered = false;
  try {
    const said = await handOver(
      { ...asked, prompt_id: handed.prompt_id },
      wait_seconds,
      call,
      started,
      handed,
      attached,
    );
    delivered = !call.signal.aborted && isAll(said, wait_seconds);
    return attached ? attachedAnswer(said) : said;
  } finally {
    handedOver.over(handed, delivered);
  }
}

/** Whether the client has all that it asked for. It has not if the prompt may have been accepted without an answer. */
function isAll(answer: CallToolResult, wait_seconds: number | undefined): boolean {
  const { status, error } = factsOf(answer);
  if (status === 'accepted') return wait_seconds === 0;
  return status !== 'error' || !MAY_BE_ACCEPTED.has(error?.code ?? '');
}

const MAY_BE_ACCEPTED: ReadonlySet<string> = new Set(['TEMPORAL_UNAVAILABLE', 'OUTCOME_UNKNOWN', 'TOPIC_STUCK']);

async function handOver(
  { prompt, topic, ...said }: Asked,
  wait_seconds: number | undefined,
  call: Call,
  started: { at: number; deadline: number },
  handed: Handed | undefined,
  attached: boolean,
): Promise<CallToolResult> {
  const prompt_id = said.prompt_id ?? newPromptId();
  const { pushes } = call;
  try {
    return await call.using(async (manager) => {
      const { notice, ...accepted } = await manager.submit(topic, prompt, { ...said, prompt_id });
      call.handedOver.accepted(accepted.topic, handed, started.at, !attached);
      const kept = pushes.accepted(accepted);
      if (wait_seconds === 0) {
        await kept;
        if (notice) throw new SessionError(notice, accepted);
        return pendingAnswer(accepted);
      }
      const result = await pushes.during([accepted], async () => {
        await kept;
        const result = await ended(manager, accepted, call, started.deadline);
        if (result && !call.signal.aborted) call.handedOver.delivered(accepted);
        return result;
      });
      if (result) return resultAnswer(result);
      // An error of this query changes nothing: the prompt is accepted.
      const state = await manager.outcome(accepted.topic, prompt_id).catch(() => undefined);
      if (!call.signal.aborted) pushes.saw(accepted.topic, state);
      if (notice && !state) throw new SessionError(notice, accepted); // Still no worker.
      return stateAnswer(accepted, state) ?? pendingAnswer(accepted);
    });
  } catch (error) {
    return refusalAnswer(error, { ...defined({ topic }), prompt_id });
  }
}

/**
 * @throws SessionError TOPIC_UNKNOWN, OUTCOME_UNKNOWN, INVALID_PROMPT, or the code with which the
 * prompt was refused
 */
export async function outcome({ prompts, wait, ...one }: Question, call: Call): Promise<CallToolResult> {
  const { topic, prompt_id, page, offset, wait_seconds } = one;
  if (prompts) {
    if (topic ?? prompt_id ?? page ?? offset)
      throw sessionError('INVALID_PROMPT', 'Field "prompts" is given, so only "wait" and "wait_seconds" may be.');
    return severalOutcomes(prompts, { wait: wait ?? 'all', ...defined({ wait_seconds }) }, call);
  }
  if (topic === undefined || prompt_id === undefined)
    throw sessionError('INVALID_PROMPT', 'Fields "topic" and "prompt_id" name a task, or field "prompts" several.');
  if (wait !== undefined) throw sessionError('INVALID_PROMPT', 'Field "wait" needs a field "prompts".');
  return oneOutcome({ topic, prompt_id, ...defined({ page, offset, wait_seconds }) }, call);
}

async function oneOutcome(
  { topic, prompt_id, wait_seconds, page, ...showing }: One,
  call: Call,
): Promise<CallToolResult> {
  if (page !== undefined)
    return call.using(async (manager) => pageAnswer(await manager.reply(topic, prompt_id, page), showing));
  const deadline = deadlineOf(wait_seconds, call);
  const { pushes, using } = call;
  const asked = () =>
    using(async (manager) => {
      // The query comes before the wait, because it reports an unknown topic at once.
      const before = await manager.outcome(topic, prompt_id);
      const isOver = before.state === 'ended' || before.state === 'refused';
      const result =
        isOver || wait_seconds === 0 ? undefined : await ended(manager, { topic, prompt_id }, call, deadline);
      const state = result || isOver ? before : await manager.outcome(topic, prompt_id);
      const answer = result ? resultAnswer(result, showing) : certainAnswer(topic, state, showing);
      if (call.signal.aborted) return answer;
      if (result || state.state === 'ended') call.handedOver.delivered({ topic, prompt_id });
      else pushes.saw(topic, state);
      return answer;
    });
  return pushes.during([{ topic, prompt_id }], asked);
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
  const ids = { topic: topic as Accepted['topic'], prompt_id };
  const answer = stateAnswer({ status: 'accepted', ...ids }, state, showing);
  if (answer) return answer;
  if (state.state === 'refused') throw new SessionError(state.error, ids);
  const why = state.state === 'ended' ? 'has ended, and its outcome is no longer remembered' : 'is not known there';
  throw sessionError('OUTCOME_UNKNOWN', `Prompt ${prompt_id} of topic ${topic} ${why}.`, ids);
}
