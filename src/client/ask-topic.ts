/** One question to a topic, or one update of it, and what it means when no answer comes. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { failure } from '../contract/failures.js';
import { workflowIdOf, type TopicId } from '../contract/ids.js';
import { reachesTemporal } from './connection-watch.js';
import { isNotFound, isTimeout, isUnanswered, refusalIn, unreachable } from './grpc-errors.js';
import { lastPollOf } from './pollers.js';
import { SessionError, sessionError } from './session-error.js';
import { problemIn } from './topic-problem.js';

/** @throws SessionError the refusal, TOPIC_UNKNOWN, NO_WORKER, TOPIC_STUCK, TEMPORAL_UNAVAILABLE */
export async function askTopic<T>(client: Client, topic: TopicId, withinMs: number, ask: (handle: WorkflowHandle) => Promise<T>): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + withinMs, () => ask(client.workflow.getHandle(workflowIdOf(topic))));
  } catch (error) {
    throw await refusalOf(client, error, topic);
  }
}

export async function refusalOf(client: Client, cause: unknown, topic: TopicId): Promise<unknown> {
  if (cause instanceof SessionError) return cause;
  const refusal = refusalIn(cause, { topic });
  if (refusal) return refusal;
  if (isNotFound(cause)) return sessionError('TOPIC_UNKNOWN', `There is no topic ${topic}.`, { topic, cause });
  if (!isUnanswered(cause)) return unreachable(cause, `answer for topic ${topic}`);
  // Time runs out alike where no worker is and where no server is.
  if (isTimeout(cause) && !(await reachesTemporal(client, 1000))) return unreachable(cause, `answer for topic ${topic}`);
  return new SessionError(await silenceOf(client, topic), { topic, cause });
}

/** Why a topic does not answer, as far as the server knows. */
async function silenceOf(client: Client, topic: TopicId) {
  const handle = client.workflow.getHandle(workflowIdOf(topic));
  const [execution, poll] = await Promise.all([handle.describe(), lastPollOf(client)].map((look) => look.catch(() => undefined))) as
    [Awaited<ReturnType<typeof handle.describe>> | undefined, Date | undefined]; // A look that fails leaves the reason open.
  const problem = execution && problemIn(execution);
  if (problem) return problem;
  if (!poll) return failure('NO_WORKER', `No worker polls, so topic ${topic} does not answer.`);
  const ago = Math.round((Date.now() - poll.getTime()) / 1000);
  const message = `Topic ${topic} does not answer. A worker polled ${ago} s ago; it is overloaded, or it was stopped since.`;
  return failure('TOPIC_STUCK', message, 'Ask again in a minute. Whether a worker polls is shown by: continuity doctor');
}
