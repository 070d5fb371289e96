/** Refusals on their way to a caller. A handler may throw nothing else: any other error would fail the workflow task. */
import * as wf from '@temporalio/workflow';
import { failure, type Failure } from '../contract/failures.js';
import { parsePrompt } from '../contract/parse-prompt.js';
import type { PromptRequest } from '../contract/types.js';

export function refused(problem: Failure): wf.ApplicationFailure {
  return wf.ApplicationFailure.create({ type: problem.code, message: problem.message, nonRetryable: true, details: [problem] });
}

/** @throws ApplicationFailure INVALID_PROMPT, PROMPT_TOO_LARGE */
export function requestOf(payload: unknown): PromptRequest {
  const parsed = parsePrompt(payload);
  if ('problem' in parsed) throw refused(parsed.problem);
  return parsed.request;
}

/** A defect of ours fails the caller, not the topic. */
export function asRefusal(error: unknown): never {
  if (error instanceof wf.ApplicationFailure || wf.isCancellation(error)) throw error;
  throw refused(defect(error));
}

export function defect(error: unknown): Failure {
  return failure('INTERNAL', `The topic could not handle the message: ${error instanceof Error ? error.message : String(error)}`);
}
