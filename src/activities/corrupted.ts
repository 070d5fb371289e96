/**
 * Finds a session whose content its provider refuses, by what happens: the same refusal for two
 * prompts in a row, in which the model never answered, while it answers a fresh session. The words
 * of the provider decide nothing here. Those that are known (`agents/shared/provider-refusals.ts`)
 * only spare the second prompt.
 *
 * The fresh session costs one small call of the model, with the agent's own instructions and tools.
 * It is made once for a session that is replaced, and deleted afterwards if the agent can do that.
 */
import type { Agent, AgentOutcome, SessionRef } from '../agents/agent.js';
import { defined } from '../contract/defined.js';
import { failure } from '../contract/failures.js';
import type { PromptId } from '../contract/ids.js';
import { deadline } from '../host/deadline.js';
import { DENIED } from './ask-policy.js';

const ANSWERS_WITHIN_MS = 2 * 60 * 1000;
/** It names no work, so that the model has nothing to do. */
const PROMPT = 'Answer with the one word OK. Use no tool.';
const TITLE = 'continuity: does the model answer?';

interface Refused {
  session: SessionRef;
  /** Of the prompt that was refused. The same prompt again asks in the same fresh session. */
  prompt: PromptId;
  outcome: AgentOutcome;
  /** How the prompt before was refused. */
  before: string | undefined;
}

/** How the provider refused a turn in which the model never answered. `undefined`: it did not. */
export function refusalOf({ status, refused, reply, usage }: AgentOutcome): string | undefined {
  return status === 'failed' && reply === '' && (usage?.output_tokens ?? 0) === 0 ? refused : undefined;
}

/** The outcome, or SESSION_CORRUPTED instead of it. */
export async function orCorrupted(
  agent: Agent,
  { session, prompt, outcome, before }: Refused,
  signal: AbortSignal,
): Promise<AgentOutcome> {
  const refusal = refusalOf(outcome);
  if (refusal === undefined || refusal !== before || !(await answersAfresh(agent, session, prompt, signal)))
    return outcome;
  const message = `The provider refused two prompts in a row in session ${session.session_id}, and answered in a fresh session of the same model. So it refuses what the session holds. ${outcome.error?.message ?? ''}`;
  return { ...outcome, error: failure('SESSION_CORRUPTED', message) };
}

/** Whether the same model answers in a session that holds nothing. Never throws. */
async function answersAfresh(
  agent: Agent,
  { cwd, model, variant, mode, instructions }: SessionRef,
  prompt: PromptId,
  given: AbortSignal,
): Promise<boolean> {
  const signal = deadline(ANSWERS_WITHIN_MS, given);
  const settings = { cwd, ...defined({ model, variant, mode }) };
  try {
    const opened = await agent.open({ seed: `does it answer?\n${prompt}`, title: TITLE, ...settings }, signal);
    const { session_id, store } = opened;
    const session = { ...settings, session_id, store, ...defined({ instructions }) };
    const request = { session, prompt_id: prompt, prompt: PROMPT, policy: () => DENIED };
    try {
      for await (const event of agent.turn(request, signal))
        if (event.type === 'outcome') return event.outcome.status === 'completed';
      return false;
    } finally {
      await leave(agent, session).catch(() => undefined); // What stays of it proves nothing.
    }
  } catch {
    return false; // Nothing is proved then, and the outcome stays as it is.
  }
}

/** Also stops its turn, if that was not waited for. */
async function leave(agent: Agent, session: SessionRef): Promise<void> {
  const signal = deadline(ANSWERS_WITHIN_MS / 4);
  const stopped = () => agent.cancel(session, signal);
  await (agent.delete ? agent.delete(session, signal).catch(stopped) : stopped());
}
