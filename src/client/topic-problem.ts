/** Finds a topic that cannot go on in what the server reports. This needs no worker. */
import type { WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { failure, type Failure } from '../contract/failures.js';
import { topicOfWorkflow } from '../contract/ids.js';

/**
 * Servers since 1.29 set this attribute after some failures in a row. An entry is such as
 * `cause=WorkflowTaskFailedCauseNonDeterministicError`.
 */
const REPORTED = defineSearchAttributeKey('TemporalReportedProblems', 'KEYWORD_LIST');
/** A worker that dies in the middle of a workflow task causes a second attempt. */
const ATTEMPTS_OF_A_HEALTHY_TOPIC = 2;
/**
 * No worker answered in time, because it died or was stopped. Our development server reports this
 * at the first time (stack/dev-server.ts). The number of attempts shows whether it goes on.
 */
const UNANSWERED = 'WorkflowTaskTimedOut';

/**
 * TOPIC_STUCK, or `undefined`. A description has the number of attempts as well, on every server.
 */
export function problemIn(execution: WorkflowExecutionInfo | WorkflowExecutionDescription): Failure | undefined {
  const topic = topicOfWorkflow(execution.workflowId);
  if (execution.status.name === 'PAUSED') {
    const unpause = `Let it go on: temporal workflow unpause --workflow-id '${execution.workflowId}'`;
    return failure('TOPIC_STUCK', `Topic ${topic} was paused in Temporal. It keeps its prompts.`, unpause);
  }
  if (execution.status.name !== 'RUNNING') return undefined;
  const causes = (execution.typedSearchAttributes.get(REPORTED) ?? []).flatMap(
    (problem) => /^cause=(.*)$/.exec(problem)?.[1] ?? [],
  );
  const task = 'pendingWorkflowTask' in execution.raw ? execution.raw.pendingWorkflowTask : undefined;
  const attempt = task?.attempt ?? 0;
  if (causes.every((cause) => cause.startsWith(UNANSWERED)) && attempt <= ATTEMPTS_OF_A_HEALTHY_TOPIC) return undefined;
  const facts = [...causes, attempt > 0 && `attempt ${attempt}`].filter(Boolean).join(', ');
  return failure('TOPIC_STUCK', `Topic ${topic} fails its workflow task${facts && ` (${facts})`}.`);
}
