/**
 * Brings a prompt into its topic's history, once, and holds on for its outcome: by update while a worker answers, by signal
 * when none does. The same `prompt_id` goes with every try, so that whatever arrives twice is one prompt.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WithStartWorkflowOperation, type Client } from '@temporalio/client';
import pRetry from 'p-retry';
import { failure, type Failure } from '../contract/failures.js';
import { workflowIdOf, type PromptId, type TopicId } from '../contract/ids.js';
import * as messages from '../contract/messages.js';
import type { TopicInput, TopicState } from '../contract/state.js';
import type { Accepted, PromptRequest, PromptState, TurnResult } from '../contract/types.js';
import { isNotFound, isPassing, isTimeout, isUnprocessed, refusalIn, unreachable } from './grpc-errors.js';

export interface Sending {
  topic: TopicId;
  request: PromptRequest & { prompt_id: PromptId };
  /** What a closed topic left, to open it with. */
  state?: TopicState;
  /** For a prompt to a session of an open topic: a topic that has just closed must not begin anew without it. */
  mustBeOpen?: boolean;
  noWorkerAfterMs: number;
  /** So many of this process wait already that another update would only be turned away: it goes by signal. */
  crowded?: boolean;
  /** Stops waiting, not the turn. */
  until: AbortSignal;
  /** May be called more than once. */
  onAccepted?: ((accepted: Accepted) => void) | undefined;
}

/** The prompt is in history. Its outcome, or that it has to be asked for; `notice` says that nobody works on it yet. */
export type Sent = TurnResult | (Accepted & { notice?: Failure });

const ANSWERS_WITHIN_MS = 3000;

/**
 * @throws SessionError with the code of the refusal, or TEMPORAL_UNAVAILABLE
 * @throws WorkflowNotFoundError when it must be open and is not
 */
export async function sendPrompt(client: Client, sending: Sending): Promise<Sent> {
  const { until, noWorkerAfterMs } = sending;
  if (sending.crowded) {
    await bySignal(client, sending);
    return accepted(sending, true); // Whether somebody works on the topic, those that wait by update find out.
  }
  const over = new AbortController();
  const ends = AbortSignal.any([until, over.signal]);
  const acceptance = new Acceptance(() => accepted(sending, true));
  const update = client.withAbortSignal(ends, () => byUpdate(client, sending, acceptance, ends));
  update.catch(() => undefined);
  try {
    await Promise.race([update, acceptance.reached, later(noWorkerAfterMs, ends)]);
    return await (acceptance.is ? update : Promise.race([update, inDoubt(client, sending, update, acceptance)]));
  } catch (error) {
    until.throwIfAborted();
    throw error;
  } finally {
    over.abort();
  }
}

/** That the update is in history: from then on its worker may die, and the prompt is kept all the same. */
class Acceptance {
  is = false;
  #reach = () => {};

  constructor(private readonly tell: () => void) {}

  readonly reached = new Promise<void>((resolve) => (this.#reach = resolve));

  reach(): void {
    this.is = true;
    this.tell();
    this.#reach();
  }
}

async function byUpdate(client: Client, sending: Sending, acceptance: Acceptance, signal: AbortSignal): Promise<Sent> {
  const { topic, request, mustBeOpen } = sending;
  const options = { args: [request] as [PromptRequest], waitForStage: 'ACCEPTED' as const };
  const send = () =>
    mustBeOpen
      ? client.workflow.getHandle(workflowIdOf(topic)).startUpdate(messages.prompt, options)
      : client.workflow.startUpdateWithStart(messages.prompt, {
          ...options,
          startWorkflowOperation: new WithStartWorkflowOperation(messages.topicSession, startOptions(sending)),
        });
  try {
    // A run that ends or rolls over under the call is met again as the next run.
    const update = await pRetry(send, {
      signal,
      retries: 8,
      minTimeout: 50,
      maxTimeout: 2000,
      shouldRetry: ({ error }) => (isPassing(error) || isTimeout(error)) && !(mustBeOpen && isNotFound(error)),
    });
    acceptance.reach();
    return await update.result();
  } catch (error) {
    const refusal = refusalIn(error, { topic, prompt_id: request.prompt_id });
    if (refusal) throw refusal;
    if (isUnprocessed(error)) {
      await bySignal(client, sending);
      return accepted(sending, true);
    }
    // The call broke off: the run was reset or rolled over, the server was restarted. Its outcome can be asked for.
    if (acceptance.is) return accepted(sending, true);
    if (mustBeOpen && isNotFound(error)) throw error;
    throw unreachable(error, `take the prompt for topic ${topic}`);
  }
}

/** Not accepted for long: the topic has no place for another update, or nobody is there. */
async function inDoubt(client: Client, sending: Sending, update: Promise<Sent>, acceptance: Acceptance): Promise<Sent> {
  const state = await asked(client, sending);
  if (acceptance.is || (state !== undefined && state.state !== 'unknown')) return update;
  // The signal needs neither a worker nor a place; whether somebody answers is what the caller is told.
  await bySignal(client, sending);
  return accepted(sending, state !== undefined);
}

/** Only for a prompt that is in history. */
function accepted({ topic, request: { prompt_id }, onAccepted }: Sending, answered: boolean): Sent {
  const sent = { status: 'accepted', topic, prompt_id } as const;
  onAccepted?.(sent);
  if (answered) return sent;
  return { ...sent, notice: failure('NO_WORKER', `No worker answers; prompt ${prompt_id} is accepted in topic ${topic} and waits for one.`) };
}

/** A query needs a worker, and none of the places that updates need. */
async function asked(client: Client, { topic, request }: Sending): Promise<PromptState | undefined> {
  const handle = client.workflow.getHandle(workflowIdOf(topic));
  try {
    return await client.withDeadline(Date.now() + ANSWERS_WITHIN_MS, () => handle.query(messages.outcome, request.prompt_id));
  } catch {
    return undefined; // In whatever way it failed: nobody answered, and that is what the caller is told.
  }
}

async function bySignal(client: Client, sending: Sending): Promise<void> {
  const { topic, request, mustBeOpen } = sending;
  try {
    if (mustBeOpen) await client.workflow.getHandle(workflowIdOf(topic)).signal(messages.promptSignal, request);
    else {
      const signalArgs: [PromptRequest] = [request];
      await client.workflow.signalWithStart(messages.topicSession, { ...startOptions(sending), signal: messages.promptSignal, signalArgs });
    }
  } catch (error) {
    if (mustBeOpen && isNotFound(error)) throw error;
    throw unreachable(error, `take the prompt for topic ${topic}`);
  }
}

function startOptions({ topic, state }: Sending) {
  return {
    workflowId: workflowIdOf(topic),
    taskQueue: messages.CONTINUITY,
    args: [state ? { state } : {}] as [TopicInput],
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
    staticSummary: topic,
    staticDetails: 'One line of work with a coding agent. What it is doing stands under *Current Details*; the query `view` tells it as JSON.',
  };
}

function later(ms: number, signal: AbortSignal): Promise<undefined> {
  const wait = sleep(ms, undefined, { signal });
  wait.catch(() => undefined); // Aborted: the race is over.
  return wait;
}
