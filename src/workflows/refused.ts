/**
 * Sends refusals to callers. A handler may throw only an `ApplicationFailure`: any other error
 * fails the workflow task.
 */
import * as wf from '@temporalio/workflow';
import { failure, type Failure } from '../contract/failures.js';
import { isId, type PromptId } from '../contract/ids.js';
import { parsePrompt } from '../contract/parse-prompt.js';
import type { PromptRequest } from '../contract/types.js';

export function refused(problem: Failure): wf.ApplicationFailure {
  return wf.ApplicationFailure.create({
    type: problem.code,
    message: problem.message,
    nonRetryable: true,
    details: [problem],
  });
}

/** @throws ApplicationFailure INVALID_PROMPT, PROMPT_TOO_LARGE */
export function requestOf(payload: unknown): PromptRequest {
  const parsed = parsePrompt(payload);
  if ('problem' in parsed) throw refused(parsed.problem);
  return parsed.request;
}

/**
 * Rethrows a refusal. Turns a defect of ours into one, so that it fails the caller and not the
 * topic.
 */
export function asRefusal(error: unknown): never {
  if (error instanceof wf.ApplicationFailure || wf.isCancellation(error)) throw error;
  throw refused(defect(error));
}

export function defect(error: unknown): Failure {
  return failure(
    'INTERNAL',
    `The topic could not handle the message: ${error instanceof Error ? error.message : String(error)}`,
  );
}

/** The prompt id in a refused payload. The refusal is noted under it. */
export function promptIdIn(payload: unknown): PromptId | undefined {
  const candidate =
    typeof payload === 'object' && payload !== null && 'prompt_id' in payload ? payload.prompt_id : undefined;
  return isId(candidate) ? (candidate as PromptId) : undefined;
}

export function unknownSignal(name: string): Failure {
  const said = JSON.stringify(name.slice(0, 80));
  return failure('INVALID_PROMPT', `The topic takes no signal ${said}. Send the signal "prompt".`);
}
