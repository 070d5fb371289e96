import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { isUnprocessed, refusalIn } from '../../../src/client/grpc-errors.js';
import type { TopicId } from '../../../src/contract/ids.js';

const topic = 'auth' as TopicId;
const failed = (type: string) =>
  new WorkflowUpdateFailedError('failed', ApplicationFailure.nonRetryable('because', type));

test('an update that a worker dropped is no refusal: it can be sent again', () => {
  expect(isUnprocessed(failed('UnprocessedUpdate'))).toBe(true);
  expect(refusalIn(failed('UnprocessedUpdate'), { topic })).toBeUndefined();
});

test('a refusal keeps its code', () => {
  expect(isUnprocessed(failed('QUEUE_FULL'))).toBe(false);
  expect(refusalIn(failed('QUEUE_FULL'), { topic })).toMatchObject({ code: 'QUEUE_FULL', topic });
});
