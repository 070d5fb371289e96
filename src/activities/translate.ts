/** Failures of agents → failures of activities: the code travels as the type, the rest as details. */
import { ApplicationFailure } from '@temporalio/common';
import { AgentError } from '../agents/agent.js';
import { failure, type Failure, type FailureCode } from '../contract/failures.js';

export function thrown(problem: Failure, retryable: boolean, cause?: Error): ApplicationFailure {
  return ApplicationFailure.create({
    type: problem.code,
    message: problem.message,
    nonRetryable: !retryable,
    details: [problem],
    ...(cause && { cause }),
  });
}

/** What the activity has to throw for what an agent threw. */
export function translated(error: unknown): unknown {
  return error instanceof AgentError ? thrown(error.failure, error.retryable, error) : error;
}

/** A failure of this host's set-up, not of the agent: the same call fails again. */
export function refusal(code: FailureCode, message: string): AgentError {
  return new AgentError(failure(code, message), false);
}
