/** Looks for the topic to fork before the prompt is sent, so that a wrong name is refused at once. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { workflowIdOf, type PromptId, type TopicId } from '../contract/ids.js';
import * as messages from '../contract/messages.js';
import type { PromptRequest } from '../contract/types.js';
import { unreachable } from './grpc-errors.js';
import { sessionError } from './session-error.js';

const ANSWERS_WITHIN_MS = 3000;

/**
 * Does not refuse a prompt that its topic already has: the forked topic may be gone by now.
 *
 * @throws SessionError TOPIC_UNKNOWN, TEMPORAL_UNAVAILABLE
 */
export async function mustHaveOriginal(
  client: Client,
  topic: TopicId,
  { fork, prompt_id }: PromptRequest & { prompt_id: PromptId },
): Promise<void> {
  if (!fork || (await isThere(client, fork.topic)) || (await has(client, topic, prompt_id))) return;
  throw sessionError('TOPIC_UNKNOWN', `There is no topic ${fork.topic} to fork.`, { topic: fork.topic });
}

async function isThere(client: Client, topic: TopicId): Promise<boolean> {
  try {
    await client.workflow.getHandle(workflowIdOf(topic)).describe();
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw unreachable(error, `say whether there is a topic ${topic}`);
  }
}

/** Also `true` if the topic can't be asked. Then the turn reports what is wrong. */
async function has(client: Client, topic: TopicId, prompt: PromptId): Promise<boolean> {
  try {
    const ask = () => client.workflow.getHandle(workflowIdOf(topic)).query(messages.outcome, prompt);
    return (await client.withDeadline(Date.now() + ANSWERS_WITHIN_MS, ask)).state !== 'unknown';
  } catch (error) {
    return !(error instanceof WorkflowNotFoundError);
  }
}
