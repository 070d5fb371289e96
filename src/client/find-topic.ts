/** Which topic does a session belong to? Temporal's visibility knows, also of topics that were closed. */
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import pRetry from 'p-retry';
import { topicOf, type SessionId, type TopicId } from '../contract/ids.js';
import { unreachable } from './grpc-errors.js';
import { sessionError } from './session-error.js';

/** A session is found some milliseconds after its result (measured: at most 22 ms of 40); a loaded server takes seconds. About 4 s in all. */
const LOOK_AGAIN = { retries: 8, minTimeout: 50, maxTimeout: 1000, factor: 2 };

/** @throws SessionError SESSION_UNKNOWN, TEMPORAL_UNAVAILABLE */
export async function findTopic(client: Client, session: SessionId): Promise<TopicId> {
  try {
    const execution = await pRetry(() => newestWith(client, session), { ...LOOK_AGAIN, shouldRetry: ({ error }) => error instanceof NotVisible });
    return topicOf(execution.workflowId);
  } catch (error) {
    if (error instanceof NotVisible) throw sessionError('SESSION_UNKNOWN', `No topic knows a session ${session}.`, { cause: error });
    throw unreachable(error, `say which topic session ${session} belongs to`);
  }
}

class NotVisible extends Error {}

/** A topic that was forgotten and named again may have had the session in an earlier life: the topic itself refuses it then. */
async function newestWith(client: Client, session: SessionId): Promise<WorkflowExecutionInfo> {
  let newest: WorkflowExecutionInfo | undefined;
  for await (const execution of client.workflow.list({ query: `ContinuitySessions = ${literal(session)} AND ExecutionStatus != 'ContinuedAsNew'` })) {
    if (!newest || execution.startTime > newest.startTime) newest = execution;
  }
  if (!newest) throw new NotVisible(`Visibility has no execution with session ${session}.`);
  return newest;
}

function literal(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
