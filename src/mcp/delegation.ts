/** Hands over a prompt and asks for its outcome. Each wait is bounded. */
import type { CallToolResult } from '@modelcontextprotocol/server';
import { newPromptId } from '../client/new-prompt-id.js';
import type { PromptOptions } from '../client/prompt-of.js';
import { SessionError, sessionError } from '../client/session-error.js';
import { defined } from '../contract/defined.js';
import type { Accepted, PromptState } from '../contract/types.js';
import { pendingAnswer, refusalAnswer, resultAnswer } from './answers.js';
import { waited, type Call } from './call.js';

export interface Delegation extends PromptOptions {
  prompt: string;
  topic?: string;
  wait_seconds?: number;
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
      const result = await waited(call, deadline, (waiting) => manager.wait(accepted.topic, prompt_id, waiting));
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
  { topic, prompt_id, wait_seconds }: { topic: string; prompt_id: string; wait_seconds?: number },
  call: Call,
): Promise<CallToolResult> {
  const deadline = deadlineOf(wait_seconds, call);
  return call.using(async (manager) => {
    // The query comes before the wait, because it reports an unknown topic at once.
    const before = await manager.outcome(topic, prompt_id);
    if (before.state === 'ended' || before.state === 'refused' || wait_seconds === 0)
      return certainAnswer(topic, before);
    const result = await waited(call, deadline, (waiting) => manager.wait(topic, prompt_id, waiting));
    return result ? resultAnswer(result) : certainAnswer(topic, await manager.outcome(topic, prompt_id));
  });
}

function certainAnswer(topic: string, state: PromptState): CallToolResult {
  const { prompt_id } = state;
  const answer = stateAnswer({ status: 'accepted', topic: topic as Accepted['topic'], prompt_id }, state);
  if (answer) return answer;
  const ids = { topic: topic as Accepted['topic'], prompt_id };
  if (state.state === 'refused') throw new SessionError(state.error, ids);
  const why = state.state === 'ended' ? 'has ended, and its outcome is no longer remembered' : 'is not known there';
  throw sessionError('OUTCOME_UNKNOWN', `Prompt ${prompt_id} of topic ${topic} ${why}.`, ids);
}

/** Undefined when the state has no outcome and none is to come. */
function stateAnswer(accepted: Accepted, state: PromptState | undefined): CallToolResult | undefined {
  if (state?.state === 'ended') return state.outcome && resultAnswer(state.outcome);
  if (state?.state === 'queued' || state?.state === 'running') return pendingAnswer({ ...state, ...accepted });
  return undefined;
}

function deadlineOf(wait_seconds: number | undefined, { waitSeconds }: Call): number {
  return performance.now() + 1000 * (wait_seconds ?? waitSeconds);
}
