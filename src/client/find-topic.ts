/** Finds the topic of a session with Temporal's visibility, which has closed topics as well. */
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import pRetry from 'p-retry';
import { topicOfWorkflow, type SessionId, type TopicId } from '../contract/ids.js';
import { hasSession, havingSession } from '../contract/search-attributes.js';
import { unreachable } from './grpc-errors.js';
import { sessionError } from './session-error.js';

/**
 * A session is visible some milliseconds after its result (measured 40 times: at most 22 ms). A
 * loaded server takes seconds. The waits add up to about 4 s.
 */
const LOOK_AGAIN = { retries: 8, minTimeout: 50, maxTimeout: 1000, factor: 2 };

/**
 * For a session that most likely no topic has: one that was taken over a moment ago is noticed by
 * its host (src/activities/claims.ts).
 */
const LOOK_BRIEFLY = { ...LOOK_AGAIN, retries: 1 };

/** @throws SessionError SESSION_UNKNOWN, TEMPORAL_UNAVAILABLE */
export async function findTopic(client: Client, session: SessionId): Promise<TopicId> {
  const topic = await lookFor(client, session, LOOK_AGAIN);
  if (topic === undefined) throw sessionError('SESSION_UNKNOWN', `No topic knows a session ${session}.`);
  return topic;
}

/** undefined: none has it, as far as it is known yet. @throws SessionError TEMPORAL_UNAVAILABLE */
export async function topicWith(client: Client, session: SessionId): Promise<TopicId | undefined> {
  return lookFor(client, session, LOOK_BRIEFLY);
}

async function lookFor(client: Client, session: SessionId, again: typeof LOOK_AGAIN): Promise<TopicId | undefined> {
  try {
    const execution = await pRetry(() => newestWith(client, session), {
      ...again,
      shouldRetry: ({ error }) => error instanceof NotVisible,
    });
    return topicOfWorkflow(execution.workflowId);
  } catch (error) {
    if (error instanceof NotVisible) return undefined;
    throw unreachable(error, `say which topic session ${session} belongs to`);
  }
}

class NotVisible extends Error {}

/**
 * The newest run with the session. The topic may have been forgotten since, so that only an earlier
 * life of it had the session. The topic itself then refuses the prompt.
 */
async function newestWith(client: Client, session: SessionId): Promise<WorkflowExecutionInfo> {
  let newest: WorkflowExecutionInfo | undefined;
  for await (const execution of client.workflow.list({ query: havingSession(session) })) {
    if (!hasSession(execution, session)) continue;
    if (!newest || execution.startTime > newest.startTime) newest = execution;
  }
  if (!newest) throw new NotVisible(`Visibility has no execution with session ${session}.`);
  return newest;
}
