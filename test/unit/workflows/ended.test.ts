/** How a turn ended whose activity failed. */
import { ActivityFailure, ApplicationFailure, type RetryState } from '@temporalio/common';
import { expect, test } from 'vitest';
import { failure } from '../../../src/contract/failures.js';
import { endedByError } from '../../../src/workflows/ended.js';

const crashed = failure('AGENT_CRASHED', 'The agent did not start.');

function brokenOff(retryState: RetryState): ActivityFailure {
  const cause = ApplicationFailure.create({ type: crashed.code, message: crashed.message, details: [crashed] });
  return new ActivityFailure('Activity task failed', 'runTurn', '1', retryState, undefined, cause);
}

test('a turn that broke off while it was being cancelled, and is not tried again for that alone, is cancelled', () => {
  expect(endedByError(brokenOff('CANCEL_REQUESTED'), undefined, true)).toMatchObject({ status: 'cancelled', error: { code: 'CANCELLED' } });
});

test('a turn that failed for good before it could be cancelled says why', () => {
  expect(endedByError(brokenOff('NON_RETRYABLE_FAILURE'), undefined, true)).toMatchObject({ status: 'failed', error: { code: 'AGENT_CRASHED' } });
});
