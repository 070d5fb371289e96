import type { WorkflowExecutionDescription } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import { expect, test } from 'vitest';
import { problemIn } from '../../../src/client/topic-problem.js';

const REPORTED = defineSearchAttributeKey('TemporalReportedProblems', 'KEYWORD_LIST');

function topic(cause: string, attempt: number): WorkflowExecutionDescription {
  const value = [`category=${cause.replace(/Cause.*/, '')}`, `cause=${cause}`];
  return {
    workflowId: 'topic/mine',
    status: { code: 1, name: 'RUNNING' },
    typedSearchAttributes: new TypedSearchAttributes([{ key: REPORTED, value }]),
    raw: { pendingWorkflowTask: { attempt } },
  } as unknown as WorkflowExecutionDescription;
}

test('a topic whose worker died in the middle of a workflow task is not called stuck', () => {
  expect(problemIn(topic('WorkflowTaskTimedOutCauseStartToClose', 1))).toBeUndefined();
});

test('a topic whose workflow task times out again and again is called stuck', () => {
  expect(problemIn(topic('WorkflowTaskTimedOutCauseStartToClose', 3))).toMatchObject({
    code: 'TOPIC_STUCK',
    message: expect.stringContaining('attempt 3') as string,
  });
});

test('a topic that cannot be replayed is called stuck at the first report', () => {
  expect(problemIn(topic('WorkflowTaskFailedCauseNonDeterministicError', 1))).toMatchObject({ code: 'TOPIC_STUCK' });
});
