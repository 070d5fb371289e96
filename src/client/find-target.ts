/** What a person means who follows up by one name: a topic, or a session. */
import type { Client } from '@temporalio/client';
import { workflowIdOf } from '../contract/ids.js';
import type { TopicState } from '../contract/state.js';
import { findTopic } from './find-topic.js';
import { isNotFound, unreachable } from './grpc-errors.js';
import { sessionIdOf, topicIdOf } from './prompt-of.js';
import { SessionError, sessionError } from './session-error.js';

export interface Target {
  topic: string;
  /** Set where the name alone would begin anew: a session that was named, or the last one of a topic that was closed. */
  session_id?: string;
}

/** @throws SessionError TOPIC_UNKNOWN: a follow-up never opens a topic */
export async function findTarget(client: Client, name: string): Promise<Target> {
  const topic = topicIdOf(name);
  const handle = client.workflow.getHandle(workflowIdOf(topic));
  const execution = await handle.describe().catch((error: unknown) => {
    if (!isNotFound(error)) throw unreachable(error, `say what ${name} is`);
    return undefined;
  });
  if (execution?.status.name === 'RUNNING') return { topic };
  if (execution?.status.name === 'COMPLETED') {
    const { current } = (await handle.result()) as TopicState;
    if (current !== null) return { topic, session_id: current };
  }
  try {
    return { topic: (await findTopic(client, sessionIdOf(name))).topic, session_id: name };
  } catch (cause) {
    if (!(cause instanceof SessionError) || cause.code !== 'SESSION_UNKNOWN') throw cause;
    throw sessionError('TOPIC_UNKNOWN', `There is neither a topic nor a session ${name} to follow up.`, { topic, cause });
  }
}
