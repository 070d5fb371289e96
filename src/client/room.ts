/**
 * Checks that a topic that does not answer still has room for a prompt by signal. The topic itself
 * would refuse a prompt too many only when a worker comes, and would forget most of thousands of
 * refusals.
 */
import type { Client } from '@temporalio/client';
import { workflowIdOf, type PromptId, type TopicId } from '../contract/ids.js';
import { MAX_QUEUED_PROMPTS } from '../contract/limits.js';
import type { Crowd } from './crowd.js';
import { isNotFound } from './grpc-errors.js';
import { sessionError } from './session-error.js';

/** @throws SessionError QUEUE_FULL; ServiceError */
export async function mustHaveRoom(
  client: Client,
  { topic, request, crowd }: { topic: TopicId; request: { prompt_id: PromptId }; crowd: Crowd },
): Promise<void> {
  const { prompt_id } = request;
  const length = await historyLengthOf(client, topic);
  if (length <= MAX_QUEUED_PROMPTS) return;
  const full = length === crowd.fullAt || (await signalsThatWait(client, topic)) >= MAX_QUEUED_PROMPTS;
  if (!full) return;
  crowd.fullAt = length;
  throw sessionError(
    'QUEUE_FULL',
    `In topic ${topic}, ${MAX_QUEUED_PROMPTS} prompts wait for a worker, which is the most that it takes.`,
    { topic, prompt_id },
  );
}

async function historyLengthOf(client: Client, topic: TopicId): Promise<number> {
  try {
    return (await client.workflow.getHandle(workflowIdOf(topic)).describe()).historyLength;
  } catch (error) {
    if (isNotFound(error)) return 0;
    throw error;
  }
}

/** Counts the signals since a worker last took a task of the topic. */
async function signalsThatWait(client: Client, topic: TopicId): Promise<number> {
  let signals = 0;
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace: client.options.namespace,
      execution: { workflowId: workflowIdOf(topic) },
      maximumPageSize: MAX_QUEUED_PROMPTS + 5,
      ...(nextPageToken && { nextPageToken }),
    });
    for (const event of page.history?.events ?? []) {
      if (event.workflowTaskCompletedEventAttributes) return signals;
      if (event.workflowExecutionSignaledEventAttributes) signals += 1;
    }
    nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined;
  } while (nextPageToken && signals < MAX_QUEUED_PROMPTS);
  return signals;
}
