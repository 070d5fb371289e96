/**
 * Turns failures of agents into failures of activities. The code becomes the type, and the failure
 * becomes the details.
 */
import { ApplicationFailure, TemporalFailure, type ActivityCancellationDetails } from '@temporalio/common';
import { AgentError } from '../agents/agent.js';
import { defined } from '../contract/defined.js';
import { Failed, failed, failure, type Failure, type FailureCode } from '../contract/failures.js';

export function thrown(
  problem: Failure,
  retryable: boolean,
  cause?: Error,
  nextRetryDelay?: number,
): ApplicationFailure {
  return ApplicationFailure.create({
    type: problem.code,
    message: problem.message,
    nonRetryable: !retryable,
    details: [problem],
    ...(cause && { cause }),
    ...defined({ nextRetryDelay }),
  });
}

/**
 * Turns an AgentError into an activity failure. With `barrenAttempts`, the delay before the next
 * attempt doubles from 500 ms to 30 s, and a defect of ours is retried as well. Without it, the
 * retry policy of the workflow decides.
 */
export function translated(error: unknown, barrenAttempts?: number): unknown {
  const delay = barrenAttempts === undefined ? undefined : Math.min(500 * 2 ** barrenAttempts, 30_000);
  if (error instanceof Failed)
    return thrown(error.failure as Failure, error instanceof AgentError && error.retryable, error, delay);
  if (delay === undefined || error instanceof TemporalFailure) return error;
  const [message, cause] = error instanceof Error ? [error.message, error] : [String(error), undefined];
  return thrown(failure('INTERNAL', message), true, cause, delay);
}

/** The failure type of an attempt that its worker lets go of, because the worker shuts down. */
export const WORKER_STOPPED = 'WORKER_STOPPED';

/**
 * Reasons why an attempt ends although its work has not failed, each with the failure's type and
 * message.
 */
const HAND_OVERS = [
  ['workerShutdown', WORKER_STOPPED, 'The worker is shutting down. The next worker continues the work.'],
  ['reset', 'ACTIVITY_RESET', 'The activity was reset by an operator.'],
  ['paused', 'ACTIVITY_PAUSED', 'The activity was paused by an operator.'],
] as const;

/**
 * The failure of an attempt that a deploy or an operator ends. The next attempt starts after 500
 * ms, without the delay that grows with failed attempts. `undefined` when the attempt ended for
 * another reason.
 */
export function handOver(
  details: ActivityCancellationDetails | undefined,
  cause: unknown,
): ApplicationFailure | undefined {
  const [, type, message] = (!details?.cancelRequested && HAND_OVERS.find(([reason]) => details?.[reason])) || [];
  if (type === undefined) return undefined;
  return ApplicationFailure.create({
    type,
    message,
    nextRetryDelay: '500 milliseconds',
    ...(cause instanceof Error && { cause }),
  });
}

/** A failure of this host's set-up, not of the agent. The same call would fail again. */
export function refusal(code: FailureCode, message: string): Failed {
  return failed(code, message);
}
