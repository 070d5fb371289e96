/**
 * Brings a prompt into its topic's history, once: by update while a worker answers, by signal when none does. The same
 * `prompt_id` goes with every try, so that whatever arrives twice is one prompt.
 */
import { WithStartWorkflowOperation, type Client, type WorkflowUpdateHandle } from '@temporalio/client';
import { failure, type Failure } from '../contract/failures.js';
import { workflowIdOf, type PromptId, type TopicId } from '../contract/ids.js';
import * as messages from '../contract/messages.js';
import type { Accepted, PromptRequest, TurnResult } from '../contract/types.js';
import pRetry from 'p-retry';
import { isNotFound, isPassing, isTimeout, refusalIn, unreachable } from './grpc-errors.js';

export interface Sending {
  topic: TopicId;
  request: PromptRequest & { prompt_id: PromptId };
  /** What a closed topic left, to open it with. */
  state?: messages.TopicState;
  /** For a prompt to a session of an open topic: a topic that has just closed must not begin anew without it. */
  mustBeOpen?: boolean;
  noWorkerAfterMs: number;
}

/** The prompt is in history. `update` is held for its outcome; `notice` says that nobody works on it yet. */
export interface Sent {
  update?: WorkflowUpdateHandle<TurnResult | Accepted>;
  notice?: Failure;
}

/**
 * @throws SessionError with the code of the refusal, or TEMPORAL_UNAVAILABLE
 * @throws WorkflowNotFoundError when it must be open and is not
 */
export async function sendPrompt(client: Client, sending: Sending): Promise<Sent> {
  try {
    // A run that ends or rolls over under the call is met again as the next run.
    return await pRetry(() => byUpdate(client, sending), {
      retries: 8,
      minTimeout: 50,
      maxTimeout: 2000,
      shouldRetry: ({ error }) => isPassing(error) && !(sending.mustBeOpen && isNotFound(error)),
    });
  } catch (error) {
    const { topic, request } = sending;
    const refusal = refusalIn(error, { topic, prompt_id: request.prompt_id });
    if (refusal) throw refusal;
    if (sending.mustBeOpen && isNotFound(error)) throw error;
    if (!isTimeout(error)) throw unreachable(error, `take the prompt for topic ${topic}`);
    await bySignal(client, sending);
    // More callers than the topic has places for updates, or nobody there at all?
    return (await someoneAnswers(client, sending)) ? {} : { notice: noWorker(sending) };
  }
}

async function byUpdate(client: Client, sending: Sending): Promise<Sent> {
  const { topic, request, mustBeOpen, noWorkerAfterMs } = sending;
  const options = { args: [request] as [PromptRequest], waitForStage: 'ACCEPTED' as const };
  const update = await client.withDeadline(Date.now() + noWorkerAfterMs, () =>
    mustBeOpen
      ? client.workflow.getHandle(workflowIdOf(topic)).startUpdate(messages.prompt, options)
      : client.workflow.startUpdateWithStart(messages.prompt, {
          ...options,
          startWorkflowOperation: new WithStartWorkflowOperation(messages.topicSession, startOptions(sending)),
        }),
  );
  return { update };
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

/** A query needs a worker, and none of the places that updates need. */
async function someoneAnswers(client: Client, { topic, request, noWorkerAfterMs }: Sending): Promise<boolean> {
  const handle = client.workflow.getHandle(workflowIdOf(topic));
  try {
    await client.withDeadline(Date.now() + Math.min(noWorkerAfterMs, 3000), () => handle.query(messages.outcome, request.prompt_id));
    return true;
  } catch {
    return false; // In whatever way it failed: nobody answered, and that is what the caller is told.
  }
}

function noWorker({ topic, request }: Sending): Failure {
  return failure('NO_WORKER', `No worker answers; prompt ${request.prompt_id} is accepted in topic ${topic} and waits for one.`);
}

function startOptions({ topic, state }: Sending) {
  return {
    workflowId: workflowIdOf(topic),
    taskQueue: messages.CONTINUITY,
    args: [state ? { state } : {}] as [messages.TopicInput],
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
    staticSummary: topic,
    staticDetails: 'One line of work with a coding agent. What it is doing stands under *Current Details*; the query `view` tells it as JSON.',
  };
}
