/**
 * Brings a prompt into its topic's history, once, and holds on for its outcome: by update while the topic answers, by signal
 * when it does not. The same `prompt_id` goes with every try, so that whatever arrives twice is one prompt.
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
  /** Of the topic, in this process. */
  crowd: Crowd;
  /** Stops waiting, not the turn. */
  until: AbortSignal;
  known: Known;
  /** No worker answers. The prompt goes by signal, and waits for one. */
  onUnanswered?: (() => void) | undefined;
}

/** The prompt is in history. Its outcome, or that it has to be asked for. */
export type Sent = TurnResult | (Accepted & { unanswered?: true });

/** An update that is not accepted for so long: the topic is asked why. */
const ACCEPTS_WITHIN_MS = 3000;
const ANSWERS_WITHIN_MS = 3000;

/** @throws SessionError with the code of the refusal, or TEMPORAL_UNAVAILABLE */
export async function sendPrompt(client: Client, sending: Sending): Promise<Sent> {
  const { crowd, until, known } = sending;
  const entered = await crowd.entering.take(until);
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
  // Not AbortSignal.any: Node keeps such a signal for ever once the SDK listens to it, and with it the whole call (20.20).
  const end = () => over.abort(until.reason);
  until.addEventListener('abort', end, { once: true });
  if (until.aborted) end();
  let reach = () => {};
  const acceptance = new Promise<'accepted'>((resolve) => (reach = () => resolve('accepted')));
  const holds = { ...sending, request: release ? request : { ...request, wait: false } };
  const update = client.withAbortSignal(ends, () => updated(client, holds, () => (accepted(), reach()), ends));
  update.catch(() => undefined); // It is awaited below, or no longer of use.
  try {
    for (;;) {
      const first = await Promise.race([update, acceptance, later(ACCEPTS_WITHIN_MS, ends)]);
      if (first === 'accepted') return await update;
      if (first !== undefined) return first;
      // The topic has no place for another update yet, or no worker answers for it.
      const state = await asked(client, sending);
      if (state === undefined) break;
      if (state.state === 'refused') throw new SessionError(state.error, { topic: sending.topic, prompt_id: request.prompt_id });
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
    // A run that ends or rolls over under the call is met again as the next run.
    const shouldRetry = ({ error }: { error: Error }) => isPassing(error) || isTimeout(error);
    const update = await pRetry(send, { signal, retries: 8, minTimeout: 50, maxTimeout: 2000, shouldRetry });
    reach();
    return await update.result();
  } catch (error) {
    const refusal = refusalIn(error, { topic, prompt_id: request.prompt_id });
    if (refusal) throw refusal;
    if (isUnprocessed(error)) return bySignal(client, sending);
    // The call broke off: the run was reset or rolled over, the server was restarted. Its outcome can be asked for.
    if (known.isAccepted) return known.accepted();
    throw unreachable(error, `take the prompt for topic ${topic}`);
  }
}

/** A query needs a worker, and none of the places that updates need. Nothing: no worker answered, in whatever way. */
async function asked(client: Client, { topic, request }: Sending): Promise<PromptState | undefined> {
  const handle = client.workflow.getHandle(workflowIdOf(topic));
  try {
    const ask = () => handle.query(messages.outcome, request.prompt_id, digestOfRequest(request));
    return await client.withDeadline(Date.now() + ANSWERS_WITHIN_MS, ask);
  } catch {
    return undefined; // ServiceError or QueryNotRegisteredError.
  }
}

/** A signal needs neither a worker nor a place. @throws SessionError QUEUE_FULL, TEMPORAL_UNAVAILABLE */
async function bySignal(client: Client, sending: Sending): Promise<Sent> {
  const { topic, request, crowd, onUnanswered } = sending;
  crowd.silent();
  onUnanswered?.();
  try {
    await mustHaveRoom(client, sending);
    const signalArgs: [PromptRequest] = [request];
    await client.workflow.signalWithStart(messages.topicSession, { ...startOptions(topic), signal: messages.promptSignal, signalArgs });
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
