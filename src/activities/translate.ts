/** Failures of agents → failures of activities: the code travels as the type, the rest as details. */
import { ApplicationFailure, TemporalFailure, type ActivityCancellationDetails } from '@temporalio/common';
import { AgentError } from '../agents/agent.js';
import { failure, type Failure, type FailureCode } from '../contract/failures.js';

export function thrown(problem: Failure, retryable: boolean, cause?: Error, nextRetryDelay?: number): ApplicationFailure {
  return ApplicationFailure.create({
    type: problem.code,
    message: problem.message,
    nonRetryable: !retryable,
    details: [problem],
    ...(cause && { cause }),
    ...(nextRetryDelay !== undefined && { nextRetryDelay }),
  });
}

/**
 * The failure of the activity for what an agent threw. With `barrenAttempts` the next attempt waits the longer, the more
 * were in vain, and a defect of ours is retried in the same way. Without it the retry policy of the workflow decides.
 */
export function translated(error: unknown, barrenAttempts?: number): unknown {
  const delay = barrenAttempts === undefined ? undefined : Math.min(500 * 2 ** barrenAttempts, 30_000);
  if (error instanceof AgentError) return thrown(error.failure, error.retryable, error, delay);
  if (delay === undefined || error instanceof TemporalFailure) return error;
  const [message, cause] = error instanceof Error ? [error.message, error] : [String(error), undefined];
  return thrown(failure('INTERNAL', message), true, cause, delay);
}

/** Who ends an attempt although nothing is wrong with it, and what is then said. */
const HAND_OVERS = [
  ['workerShutdown', 'WORKER_STOPPED', 'The worker let go of the work; the next one goes on with it.'],
  ['reset', 'ACTIVITY_RESET', 'The activity was reset by an operator.'],
  ['paused', 'ACTIVITY_PAUSED', 'The activity was paused by an operator.'],
] as const;

/**
 * The failure of an attempt that a deploy or an operator ends: the next one need not wait for a back-off that grows with
 * every deploy. Nothing where the attempt ended for another reason.
 */
export function handOver(details: ActivityCancellationDetails | undefined, cause: unknown): ApplicationFailure | undefined {
  const [, type, message] = (!details?.cancelRequested && HAND_OVERS.find(([reason]) => details?.[reason])) || [];
  if (type === undefined) return undefined;
  return ApplicationFailure.create({ type, message, nextRetryDelay: '500 milliseconds', ...(cause instanceof Error && { cause }) });
}

/** A failure of this host's set-up, not of the agent: the same call fails again. */
export function refusal(code: FailureCode, message: string): AgentError {
  return new AgentError(failure(code, message), false);
}
