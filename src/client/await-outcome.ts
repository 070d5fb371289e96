/** Waits for the outcome of an accepted prompt, whatever becomes of the call that sent it. Costs no history. */
import type { Client, WorkflowUpdateHandle } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { workflowIdOf, type PromptId, type TopicId } from '../contract/ids.js';
import * as messages from '../contract/messages.js';
import type { Accepted, TurnResult } from '../contract/types.js';
import { refusalIn } from './grpc-errors.js';
import { SessionError, sessionError } from './session-error.js';

interface Awaited {
  topic: TopicId;
  prompt_id: PromptId;
}

const ASK_AGAIN_MS = { first: 100, most: 1000, factor: 1.5 };
/** A worker that is being restarted, a server that is being restarted: longer than that is an error. */
const GIVE_UP_AFTER_MS = 120_000;

/** A signal that was sent a moment ago may not have reached the topic yet. */
const UNKNOWN_FOR_MS = 10_000;

/**
 * Holds the update as long as it lasts, then polls.
 *
 * @throws SessionError REFUSED codes, OUTCOME_UNKNOWN, TEMPORAL_UNAVAILABLE
 */
export async function awaitOutcome(client: Client, prompt: Awaited, update: WorkflowUpdateHandle<TurnResult | Accepted> | undefined, signal?: AbortSignal): Promise<TurnResult> {
  const held = update && (await abortable(outcomeOfUpdate(update, prompt), signal));
  return held ?? pollOutcome(client, prompt, signal);
}

async function outcomeOfUpdate(update: WorkflowUpdateHandle<TurnResult | Accepted>, prompt: Awaited): Promise<TurnResult | undefined> {
  try {
    const answer = await update.result();
    return answer.status === 'accepted' ? undefined : answer;
  } catch (error) {
    const refusal = refusalIn(error, prompt);
    if (refusal) throw refusal;
    // The call broke off: the run rolled over, the server was restarted. The prompt is in history; its outcome can be asked for.
    return undefined;
  }
}

async function pollOutcome(client: Client, prompt: Awaited, signal?: AbortSignal): Promise<TurnResult> {
  const handle = client.workflow.getHandle(workflowIdOf(prompt.topic));
  let wait = ASK_AGAIN_MS.first;
  let answeredAt = performance.now();
  let knownAt = answeredAt;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const state = await handle.query(messages.outcome, prompt.prompt_id);
      answeredAt = performance.now();
      if (state.state !== 'unknown') knownAt = answeredAt;
      else if (answeredAt - knownAt > UNKNOWN_FOR_MS) throw sessionError('OUTCOME_UNKNOWN', `Topic ${prompt.topic} knows no prompt ${prompt.prompt_id}.`, prompt);
      if (state.state === 'ended' && state.outcome) return state.outcome;
      if (state.state === 'ended') {
        throw sessionError('OUTCOME_UNKNOWN', `Prompt ${prompt.prompt_id} of topic ${prompt.topic} has ended, and its outcome is no longer remembered.`, prompt);
      }
      if (state.state === 'refused') throw new SessionError(state.error, prompt);
    } catch (cause) {
      if (cause instanceof SessionError) throw cause;
      if (performance.now() - answeredAt > GIVE_UP_AFTER_MS) {
        const message = `Nobody answered for ${GIVE_UP_AFTER_MS / 1000} s what became of prompt ${prompt.prompt_id} in topic ${prompt.topic}; it is accepted.`;
        throw sessionError('NO_WORKER', message, { ...prompt, cause });
      }
    }
    await sleep(wait, undefined, signal ? { signal } : {});
    wait = Math.min(wait * ASK_AGAIN_MS.factor, ASK_AGAIN_MS.most);
  }
}

async function abortable<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return work;
  signal.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason instanceof Error ? signal.reason : new Error('Aborted', { cause: signal.reason }));
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
