/** Failures of agents → failures of activities: the code travels as the type, the rest as details. */
import { ApplicationFailure } from '@temporalio/common';
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

/** What the activity has to throw for what an agent threw: the more attempts were in vain, the later the next. Nothing said, it is as the workflow has it. */
export function translated(error: unknown, barrenAttempts?: number): unknown {
  if (!(error instanceof AgentError)) return error;
  return thrown(error.failure, error.retryable, error, barrenAttempts === undefined ? undefined : Math.min(500 * 2 ** barrenAttempts, 30_000));
}

/** The worker was told to stop: nothing is wrong, and its successor need not wait for a back-off that grows with every deploy. */
export function letGo(error: unknown): ApplicationFailure {
  const cause = error instanceof Error ? { cause: error } : {};
  return ApplicationFailure.create({ type: 'WORKER_STOPPED', message: 'The worker let go of the turn; the agent goes on.', nextRetryDelay: '500 milliseconds', ...cause });
}

/** A failure of this host's set-up, not of the agent: the same call fails again. */
export function refusal(code: FailureCode, message: string): AgentError {
  return new AgentError(failure(code, message), false);
}
