import type { WorkflowExecutionInfo, WorkflowHandle } from '@temporalio/client';
import { topicOfWorkflow } from '../contract/ids.js';
import { SessionError } from './session-error.js';
import { problemIn } from './topic-problem.js';

/** Whether a run has not ended. One that an operator has paused goes on later. */
export function isOpen({ status }: Pick<WorkflowExecutionInfo, 'status'>): boolean {
  return status.name === 'RUNNING' || status.name === 'PAUSED';
}

/**
 * Whether a topic takes messages, or is closed.
 *
 * @throws WorkflowNotFoundError; SessionError TOPIC_STUCK for one that an operator has paused
 */
export async function isRunning(handle: WorkflowHandle): Promise<boolean> {
  const execution = await handle.describe();
  const problem = execution.status.name === 'PAUSED' && problemIn(execution);
  if (problem) throw new SessionError(problem, { topic: topicOfWorkflow(execution.workflowId) });
  return isOpen(execution);
}
