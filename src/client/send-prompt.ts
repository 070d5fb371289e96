/**
 * Brings a prompt into its topic's history, once, and waits for its outcome. It goes by update
 * while the topic answers, and by signal otherwise. Every try has the same `prompt_id`, so two that
 * arrive are one prompt.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WithStartWorkflowOperation, type Client } from '@temporalio/client';
import pRetry from 'p-retry';
import { workflowIdOf, type PromptId, type TopicId } from '../contract/ids.js';
import * as messages from '../contract/messages.js';
import { digestOfRequest } from '../contract/parse-prompt.js';
import type { Accepted, PromptRequest, PromptState, TurnResult } from '../contract/types.js';
import type { Crowd } from './crowd.js';
import type { Known } from './disconnected.js';
import { isPassing, isTimeout, isUnprocessed, refusalIn, unreachable } from './grpc-errors.js';
import { mustHaveRoom } from './room.js';
import { SessionError } from './session-error.js';
import { startOptions } from './start-options.js';

export interface Sending {
  topic: TopicId;
  request: PromptRequest & { prompt_id: PromptId };
  /** The calls of this process for the topic. */
  crowd: Crowd;
  /** Stops the wait, not the turn. */
  until: AbortSignal;
  known: Known;
  /** Called when no worker answers. The prompt goes by signal, and waits for a worker. */
  onUnanswered?: (() => void) | undefined;
}

/**
 * The prompt is in the history. This is its outcome, or `accepted` when the outcome has to be asked
 * for.
 */
export type Sent = TurnResult | (Accepted & { unanswered?: true });

/**
 * If the topic does not accept an update within this time, it is asked whether it has the prompt.
 */
const ACCEPTS_WITHIN_MS = 3000;
const ANSWERS_WITHIN_MS = 3000;

/** @throws SessionError with the code of the refusal, or TEMPORAL_UNAVAILABLE */
export async function sendPrompt(client: Client, sending: Sending): Promise<Sent> {
  const { crowd, until, known } = sending;
  const entered = await crowd.entering.acquire(until);
  const accepted = () => {
    crowd.answered();
    known.accepted();
    entered();
  };
  try {
    return await (crowd.isSilent ? bySignal(client, sending) : byUpdate(client, sending, accepted));
  } catch (error) {
    until.throwIfAborted();
    throw error;
  } finally {
    entered();
  }
}

async function byUpdate(client: Client, sending: Sending, accepted: () => void): Promise<Sent> {
  const { until, crowd, request } = sending;
  const release = request.wait === false ? undefined : crowd.hold();
  const over = new AbortController();
  const { signal: ends } = over;
  // AbortSignal.any would leak: once the SDK listens to such a signal, Node 20.20 never frees it,
  // nor the call that it belongs to.
  const end = () => over.abort(until.reason);
  until.addEventListener('abort', end, { once: true });
  if (until.aborted) end();
  let reach = () => {};
  const acceptance = new Promise<'accepted'>((resolve) => (reach = () => resolve('accepted')));
  const holds = { ...sending, request: release ? request : { ...request, wait: false } };
  const update = client.withAbortSignal(ends, () => updated(client, holds, () => (accepted(), reach()), ends));
  update.catch(() => undefined); // The update is awaited below, or is no longer needed.
  try {
    for (;;) {
      const first = await Promise.race([update, acceptance, later(ACCEPTS_WITHIN_MS, ends)]);
      if (first === 'accepted') return await update;
      if (first !== undefined) return first;
      // The topic has no room for another update yet, or no worker answers.
      const state = await asked(client, sending);
      if (state === undefined) break;
      if (state.state === 'refused')
        throw new SessionError(state.error, { topic: sending.topic, prompt_id: request.prompt_id });
      if (state.state !== 'unknown') return sending.known.accepted();
    }
    return sending.known.isAccepted ? await update : await bySignal(client, sending);
  } finally {
    until.removeEventListener('abort', end);
    over.abort();
    release?.();
  }
}

async function updated(client: Client, sending: Sending, reach: () => void, signal: AbortSignal): Promise<Sent> {
  const { topic, request, known } = sending;
  const send = () => {
    known.sent();
    return client.workflow.startUpdateWithStart(messages.prompt, {
      args: [request] as [PromptRequest],
      waitForStage: 'ACCEPTED',
      startWorkflowOperation: new WithStartWorkflowOperation(messages.topicSession, startOptions(topic)),
    });
  };
  try {
    // After a run ended or continued as new during the call, the retry reaches the next run.
    const shouldRetry = ({ error }: { error: Error }) => isPassing(error) || isTimeout(error);
    const update = await pRetry(send, { signal, retries: 8, minTimeout: 50, maxTimeout: 2000, shouldRetry });
    reach();
    return await update.result();
  } catch (error) {
    const refusal = refusalIn(error, { topic, prompt_id: request.prompt_id });
    if (refusal) throw refusal;
    if (isUnprocessed(error)) return bySignal(client, sending);
    // The call broke off, because the run was reset or continued as new, or the server was
    // restarted. The outcome can be asked for.
    if (known.isAccepted) return known.accepted();
    throw unreachable(error, `take the prompt for topic ${topic}`);
  }
}

/**
 * Asks the topic for the state of the prompt. A query needs a worker, and none of the 10 places for
 * updates. `undefined` when no worker answered.
 */
async function asked(client: Client, { topic, request }: Sending): Promise<PromptState | undefined> {
  const handle = client.workflow.getHandle(workflowIdOf(topic));
  try {
    const ask = () => handle.query(messages.outcome, request.prompt_id, digestOfRequest(request));
    return await client.withDeadline(Date.now() + ANSWERS_WITHIN_MS, ask);
  } catch {
    return undefined; // ServiceError or QueryNotRegisteredError.
  }
}

/**
 * Sends the prompt by signal, which needs neither a worker nor one of the 10 places for updates.
 *
 * @throws SessionError QUEUE_FULL, TEMPORAL_UNAVAILABLE
 */
async function bySignal(client: Client, sending: Sending): Promise<Sent> {
  const { topic, request, crowd, onUnanswered } = sending;
  crowd.silent();
  onUnanswered?.();
  try {
    await mustHaveRoom(client, sending);
    const signalArgs: [PromptRequest] = [request];
    await client.workflow.signalWithStart(messages.topicSession, {
      ...startOptions(topic),
      signal: messages.promptSignal,
      signalArgs,
    });
  } catch (error) {
    throw error instanceof SessionError ? error : unreachable(error, `take the prompt for topic ${topic}`);
  }
  return { ...sending.known.accepted(), unanswered: true };
}

function later(ms: number, signal: AbortSignal): Promise<undefined> {
  const wait = sleep(ms, undefined, { signal });
  wait.catch(() => undefined); // Aborted: the race is over.
  return wait;
}
