/**
 * Reads all that one turn said, on the host that has its session. It is a workflow of its own: the
 * topic may be closed, and its history has no room for what was said.
 */
import { ApplicationFailure } from '@temporalio/workflow';
import type { ReplyPage } from '../contract/answers.js';
import { failure, type FailureCode } from '../contract/failures.js';
import { isId } from '../contract/ids.js';
import { isObject } from '../contract/is-object.js';
import type { ReplyQuestion } from '../contract/messages.js';
import { neverTaken, readReply } from './calls.js';

export async function turnReply(input: ReplyQuestion): Promise<ReplyPage> {
  if (!isObject(input) || !isObject(input.pinned) || !isId(input.pinned.host))
    throw failed('INVALID_PROMPT', 'The input of turnReply names no session.');
  const { session_id, pinned } = input as ReplyQuestion;
  try {
    return await readReply(input);
  } catch (error) {
    if (!neverTaken(error)) throw error;
    throw failed('HOST_UNAVAILABLE', `Host ${pinned.host}, which has session ${session_id}, does not answer.`);
  }
}

function failed(code: FailureCode, message: string): ApplicationFailure {
  const problem = failure(code, message);
  return ApplicationFailure.create({ type: problem.code, message: problem.message, details: [problem] });
}
