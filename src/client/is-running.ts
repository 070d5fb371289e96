import type { WorkflowHandle } from '@temporalio/client';

/** Whether a topic is open. @throws WorkflowNotFoundError */
export async function isRunning(handle: WorkflowHandle): Promise<boolean> {
  return (await handle.describe()).status.name === 'RUNNING';
}
