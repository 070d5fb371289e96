/** Which topic does a session belong to? Temporal's visibility knows, also of topics that were closed. */
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import pRetry from 'p-retry';
import { topicOf, type SessionId, type TopicId } from '../contract/ids.js';
import type { TopicState } from '../contract/state.js';
import { isNotFound, unreachable } from './grpc-errors.js';
import { SessionError, sessionError } from './session-error.js';

export interface FoundTopic {
  topic: TopicId;
  /** What a closed topic left: it is open again with this. */
  closed?: TopicState;
}

/** A session is found some milliseconds after its result (measured: at most 22 ms of 40); a loaded server takes longer. */
const LOOK_AGAIN = { retries: 5, minTimeout: 50, factor: 2 };

/** @throws SessionError SESSION_UNKNOWN, TEMPORAL_UNAVAILABLE */
export async function findTopic(client: Client, session: SessionId): Promise<FoundTopic> {
  try {
    return await find(client, session);
  } catch (error) {
    throw error instanceof SessionError || isNotFound(error) ? error : unreachable(error, `say which topic session ${session} belongs to`);
  }
}

async function find(client: Client, session: SessionId): Promise<FoundTopic> {
  const execution = await pRetry(() => newestWith(client, session), {
    ...LOOK_AGAIN,
    shouldRetry: ({ error }) => error instanceof NotVisible,
  }).catch((error: unknown) => {
    if (error instanceof NotVisible) throw sessionError('SESSION_UNKNOWN', `No topic knows a session ${session}.`, { cause: error });
    throw error;
  });
  const topic = topicOf(execution.workflowId);
  const handle = client.workflow.getHandle(execution.workflowId, execution.runId);
  // Visibility lags behind: a topic that has just closed may still be listed as running.
  const { status } = await handle.describe();
  if (status.name === 'RUNNING' || status.name === 'CONTINUED_AS_NEW') return { topic };
  if (status.name !== 'COMPLETED') {
    const how = status.name.toLowerCase();
    throw sessionError('SESSION_UNKNOWN', `Topic ${topic} of session ${session} was ${how} from outside, and what it knew is gone.`, { topic });
  }
  return { topic, closed: (await handle.result()) as TopicState };
}

class NotVisible extends Error {}

async function newestWith(client: Client, session: SessionId): Promise<WorkflowExecutionInfo> {
  const query = `ContinuitySessions = ${literal(session)} AND ExecutionStatus != 'ContinuedAsNew'`;
  let newest: WorkflowExecutionInfo | undefined;
  for await (const execution of client.workflow.list({ query })) {
    if (execution.status.name === 'RUNNING') return execution;
    if (!newest || execution.startTime > newest.startTime) newest = execution;
  }
  if (!newest) throw new NotVisible(`Visibility has no execution with session ${session}.`);
  return newest;
}

function literal(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
