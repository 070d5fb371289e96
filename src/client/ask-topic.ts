/** Sends one query or update to a topic, and finds the reason when no answer comes. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { failure } from '../contract/failures.js';
import { workflowIdOf, type TopicId } from '../contract/ids.js';
import { reachesTemporal } from './connection-watch.js';
import { isNotFound, isTimeout, isUnanswered, refusalIn, unreachable } from './grpc-errors.js';
import { lastPollOf } from './pollers.js';
import { SessionError, sessionError } from './session-error.js';
import { problemIn } from './topic-problem.js';

/** @throws SessionError the refusal, TOPIC_UNKNOWN, NO_WORKER, TOPIC_STUCK, TEMPORAL_UNAVAILABLE */
export async function askTopic<T>(
  client: Client,
  topic: TopicId,
  withinMs: number,
  ask: (handle: WorkflowHandle) => Promise<T>,
): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + withinMs, () => ask(client.workflow.getHandle(workflowIdOf(topic))));
  } catch (error) {
    throw await whyUnanswered(client, error, topic);
  }
}

export async function whyUnanswered(client: Client, cause: unknown, topic: TopicId): Promise<unknown> {
  if (cause instanceof SessionError) return cause;
  const refusal = refusalIn(cause, { topic });
  if (refusal) return refusal;
  if (isNotFound(cause)) return sessionError('TOPIC_UNKNOWN', `There is no topic ${topic}.`, { topic, cause });
  if (!isUnanswered(cause)) return unreachable(cause, `answer for topic ${topic}`);
  // A call times out in the same way whether a worker or the server is missing.
  if (isTimeout(cause) && !(await reachesTemporal(client, 1000)))
    return unreachable(cause, `answer for topic ${topic}`);
  return new SessionError(await silenceOf(client, topic), { topic, cause });
}

/** Why a topic does not answer, as far as the server knows. */
async function silenceOf(client: Client, topic: TopicId) {
  const handle = client.workflow.getHandle(workflowIdOf(topic));
  const [execution, poll] = (await Promise.all(
    [handle.describe(), lastPollOf(client)].map((look) => look.catch(() => undefined)),
    // A question that fails leaves the reason open.
  )) as [Awaited<ReturnType<typeof handle.describe>> | undefined, Date | undefined];
  const problem = execution && problemIn(execution);
  if (problem) return problem;
  if (!poll) return failure('NO_WORKER', `No worker polls, so topic ${topic} does not answer.`);
  const ago = Math.round((Date.now() - poll.getTime()) / 1000);
  const message = `Topic ${topic} does not answer. A worker polled ${ago} s ago. It is overloaded, or was stopped since then.`;
  return failure('TOPIC_STUCK', message, 'Ask again in a minute. To see whether a worker polls: continuity doctor');
}
