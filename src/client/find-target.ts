/** Finds out whether a follow-up names a topic or a session. */
import type { Client } from '@temporalio/client';
import { workflowIdOf, type TopicId } from '../contract/ids.js';
import { findTopic } from './find-topic.js';
import { isNotFound, unreachable } from './grpc-errors.js';
import { sessionIdOf, topicIdOf, type PromptOptions } from './prompt-of.js';
import { SessionError, sessionError } from './session-error.js';

export interface Target extends Pick<PromptOptions, 'session_id' | 'session'> {
  topic: TopicId;
}

/**
 * A topic comes before a session of the same name.
 *
 * @throws SessionError TOPIC_UNKNOWN, because a follow-up never opens a topic
 */
export async function findTarget(client: Client, name: string): Promise<Target> {
  const topic = topicIdOf(name);
  if (await isThere(client, topic)) return { topic, session: 'resume' };
  try {
    return { topic: await findTopic(client, sessionIdOf(name)), session_id: name };
  } catch (cause) {
    if (!(cause instanceof SessionError) || cause.code !== 'SESSION_UNKNOWN') throw cause;
    throw sessionError('TOPIC_UNKNOWN', `There is neither a topic nor a session ${name} to follow up.`, {
      topic,
      cause,
    });
  }
}

/** Whether a topic exists, open or closed. A closed topic recalls its state. */
async function isThere(client: Client, topic: TopicId): Promise<boolean> {
  try {
    await client.workflow.getHandle(workflowIdOf(topic)).describe();
    return true;
  } catch (error) {
    if (!isNotFound(error)) throw unreachable(error, `say what ${topic} is`);
    return false;
  }
}
