/** Sends updates that change nothing if they are sent twice. */
import { WithStartWorkflowOperation, type Client, type WorkflowUpdateHandle } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { workflowIdOf, type TopicId } from '../contract/ids.js';
import { topicSession } from '../contract/messages.js';
import { isUnprocessed } from './grpc-errors.js';
import { startOptions } from './start-options.js';

/** Sends an update again that its worker dropped. Such an update is not in the history. */
export async function again<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (!isUnprocessed(error)) throw error;
    return send();
  }
}

/**
 * Starts a topic that has ended, so that it takes an update.
 *
 * @returns once the update was accepted
 * @throws WorkflowNotFoundError for a topic that does not exist. The update alone would start it.
 */
export async function updateWithStart<T, A extends object>(
  client: Client,
  topic: TopicId,
  update: UpdateDefinition<T, [A | undefined]>,
  request: A,
): Promise<WorkflowUpdateHandle<T>> {
  await client.workflow.getHandle(workflowIdOf(topic)).describe();
  return client.workflow.startUpdateWithStart(update, {
    args: [request],
    waitForStage: 'ACCEPTED',
    startWorkflowOperation: new WithStartWorkflowOperation(topicSession, startOptions(topic)),
  });
}
