/** Tells the errors of Temporal's client apart by class and gRPC status, never by text. */
import {
  QueryRejectedError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  isGrpcServiceError,
} from '@temporalio/client';
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

/**
 * The server's error for an update that its worker dropped, as a worker does that is being
 * replaced. The update is not in the history.
 */
export function isUnprocessed(error: unknown): boolean {
  return (
    error instanceof WorkflowUpdateFailedError &&
    error.cause instanceof ApplicationFailure &&
    error.cause.type === 'UnprocessedUpdate'
  );
}

/**
 * The server's error for an accepted update whose run is over. The run was reset
 * (workers/unstick.ts), and the next run has the prompt too.
 */
export function isCutOff(error: unknown): boolean {
  return (
    error instanceof WorkflowUpdateFailedError &&
    error.cause instanceof ApplicationFailure &&
    error.cause.type === 'AcceptedUpdateCompletedWorkflow'
  );
}

/** No worker took the call in time: there is none, or it is too busy. */
export function isTimeout(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  const status = statusOf(error);
  return status === DEADLINE_EXCEEDED || status === CANCELLED;
}

/**
 * No worker took the query. It timed out, or the server refused it at once because it has not seen
 * a worker for long, or because an operator has paused the topic.
 */
export function isUnanswered(error: unknown): boolean {
  return error instanceof QueryRejectedError || isTimeout(error) || statusOf(error) === FAILED_PRECONDITION;
}

export function isNotFound(error: unknown): boolean {
  return error instanceof WorkflowNotFoundError || statusOf(error) === NOT_FOUND;
}

const PASSING: readonly (number | undefined)[] = [FAILED_PRECONDITION, ABORTED, UNAVAILABLE, RESOURCE_EXHAUSTED];

/**
 * The same call can succeed later: the run ended or continued as new during the call, or it has no
 * room for another update.
 */
export function isPassing(error: unknown): boolean {
  return isNotFound(error) || PASSING.includes(statusOf(error));
}

/** The error for a call that has finally failed for another reason. */
export function unreachable(error: unknown, what: string): SessionError {
  const why = error instanceof Error ? error.message : String(error);
  return sessionError('TEMPORAL_UNAVAILABLE', `Temporal did not ${what}: ${why}`, { cause: error });
}
