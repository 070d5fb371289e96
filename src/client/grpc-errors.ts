/** What Temporal's client throws, told apart by class and gRPC status, never by text. */
import { ServiceError, WorkflowNotFoundError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError, isGrpcServiceError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { failure, isFailureCode, type Failure } from '../contract/failures.js';
import type { PromptId, TopicId } from '../contract/ids.js';
import { SessionError, sessionError } from './session-error.js';

/** From the gRPC specification. */
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const RESOURCE_EXHAUSTED = 8;
const FAILED_PRECONDITION = 9;
const ABORTED = 10;
const UNAVAILABLE = 14;
const CANCELLED = 1;

function statusOf(error: unknown): number | undefined {
  if (isGrpcServiceError(error)) return error.code;
  if (error instanceof ServiceError && error.cause !== undefined) return statusOf(error.cause);
  return undefined;
}

/** The refusal that a handler or validator of the topic threw. */
export function refusalIn(error: unknown, facts: { topic: TopicId; prompt_id?: PromptId }): SessionError | undefined {
  if (!(error instanceof WorkflowUpdateFailedError)) return undefined;
  const { cause } = error;
  if (!(cause instanceof ApplicationFailure) || isUnprocessed(error) || isCutOff(error)) return undefined;
  const [detail] = (cause.details ?? []) as (Failure | undefined)[];
  const problem = detail ?? failure(isFailureCode(cause.type) ? cause.type : 'INTERNAL', cause.message);
  return new SessionError(problem, { ...facts, cause: error });
}

/** The server's word for an update that its worker dropped on the floor, as one does that is being swapped: it is not in history. */
export function isUnprocessed(error: unknown): boolean {
  return error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure && error.cause.type === 'UnprocessedUpdate';
}

/** The server's word for an update that was accepted, and whose run is over: it was reset (workers/unstick.ts), and the run after it has the prompt too. */
export function isCutOff(error: unknown): boolean {
  return error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure && error.cause.type === 'AcceptedUpdateCompletedWorkflow';
}

/** Nobody took it in time: there is no worker, or it is too busy. */
export function isTimeout(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  const status = statusOf(error);
  return status === DEADLINE_EXCEEDED || status === CANCELLED;
}

/** A question that no worker took: it was not there in time, or the server, which has seen none for long or never, refuses at once. */
export function isUnanswered(error: unknown): boolean {
  return isTimeout(error) || statusOf(error) === FAILED_PRECONDITION;
}

export function isNotFound(error: unknown): boolean {
  return error instanceof WorkflowNotFoundError || statusOf(error) === NOT_FOUND;
}

const PASSING: readonly (number | undefined)[] = [FAILED_PRECONDITION, ABORTED, UNAVAILABLE, RESOURCE_EXHAUSTED];

/** The run ended or rolled over under the call, or it has no place for another update: the same call again can succeed. */
export function isPassing(error: unknown): boolean {
  return isNotFound(error) || PASSING.includes(statusOf(error));
}

/** For what is left when a call has failed for good. */
export function unreachable(error: unknown, what: string): SessionError {
  const why = error instanceof Error ? error.message : String(error);
  return sessionError('TEMPORAL_UNAVAILABLE', `Temporal did not ${what}: ${why}`, { cause: error });
}
