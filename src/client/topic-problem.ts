/** A topic that fails its workflow tasks, as the server reports it. No worker of ours has to answer for that. */
import type { WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { failure, type Failure } from '../contract/failures.js';
import { topicOf } from '../contract/ids.js';

/** Set by servers since 1.29 after some failures in a row; entries such as `cause=WorkflowTaskFailedCauseNonDeterministicError`. */
const REPORTED = defineSearchAttributeKey('TemporalReportedProblems', 'KEYWORD_LIST');
/** A worker that dies in the middle of a workflow task causes a second attempt. */
const ATTEMPTS_OF_A_HEALTHY_TOPIC = 2;
/** No worker answered in time: it died, or it was stopped. Our server reports it at the first time (stack/dev-server.ts), and so do attempts if it goes on. */
const UNANSWERED = 'WorkflowTaskTimedOut';

/** TOPIC_STUCK, or nothing. A description also knows the attempts, on every server. */
export function problemIn(execution: WorkflowExecutionInfo | WorkflowExecutionDescription): Failure | undefined {
  if (execution.status.name !== 'RUNNING') return undefined;
  const causes = (execution.typedSearchAttributes.get(REPORTED) ?? []).flatMap((problem) => /^cause=(.*)$/.exec(problem)?.[1] ?? []);
  const task = 'pendingWorkflowTask' in execution.raw ? execution.raw.pendingWorkflowTask : undefined;
  const attempt = task?.attempt ?? 0;
  if (causes.every((cause) => cause.startsWith(UNANSWERED)) && attempt <= ATTEMPTS_OF_A_HEALTHY_TOPIC) return undefined;
  const facts = [...causes, attempt > 0 && `attempt ${attempt}`].filter(Boolean).join(', ');
  return failure('TOPIC_STUCK', `Topic ${topicOf(execution.workflowId)} fails its workflow task${facts && ` (${facts})`}.`);
}
