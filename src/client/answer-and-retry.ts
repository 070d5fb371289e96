/** Ends the wait of a turn: with an answer, or with another try. A topic that has ended waits for nothing. */
import type { WorkflowHandle } from '@temporalio/client';
import type { AnswerRequest, AnswerTaken, Retried } from '../contract/asks.js';
import type { TopicId } from '../contract/ids.js';
import * as messages from '../contract/messages.js';
import { parseAnswer } from '../contract/parse-answer.js';
import { isNotFound } from './grpc-errors.js';
import { isRunning } from './is-running.js';
import { again } from './send-update.js';
import { SessionError, sessionError } from './session-error.js';

/** @throws SessionError ASK_UNKNOWN, INVALID_ANSWER; WorkflowNotFoundError */
export async function answerIn(handle: WorkflowHandle, topic: TopicId, answer: AnswerRequest): Promise<AnswerTaken> {
  const parsed = parseAnswer(answer);
  if ('problem' in parsed) throw new SessionError(parsed.problem, { topic });
  if (!(await isRunning(handle))) throw closed(topic);
  try {
    return await again(() => handle.executeUpdate(messages.answer, { args: [parsed.request] }));
  } catch (error) {
    if (isNotFound(error)) throw closed(topic, error); // It ended after it was looked at.
    throw error;
  }
}

/** @throws WorkflowNotFoundError */
export async function retryIn(handle: WorkflowHandle): Promise<Retried> {
  if (!(await isRunning(handle))) return { effect: 'nothing_waits' };
  return again(() => handle.executeUpdate(messages.retry));
}

function closed(topic: TopicId, cause?: unknown): SessionError {
  return sessionError('ASK_UNKNOWN', `Topic ${topic} is closed, and asks nothing.`, { topic, cause });
}
