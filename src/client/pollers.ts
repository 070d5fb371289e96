/** Asks the server whether a worker polls for topics. */
import type { Client } from '@temporalio/client';
import { CONTINUITY } from '../contract/messages.js';

/** temporal.api.enums.v1.TaskQueueType */
const WORKFLOW_TASKS = 1;
/** A poll lasts up to 60 s, and the server notes when it started. */
const A_POLL_LASTS_MS = 70_000;

/** Also `true` when the server does not report it. */
export async function isPolled(client: Client): Promise<boolean> {
  return lastPollOf(client).then(
    (poll) => poll !== undefined,
    () => true,
  );
}

/**
 * When a worker last polled. `undefined` when none polled lately. A worker that was killed counts
 * for up to 70 s.
 */
export async function lastPollOf(client: Client): Promise<Date | undefined> {
  const { namespace } = client.options;
  const asked = { namespace, taskQueue: { name: CONTINUITY }, taskQueueType: WORKFLOW_TASKS };
  const { pollers } = await client.withDeadline(Date.now() + 3000, () =>
    client.workflowService.describeTaskQueue(asked),
  );
  const last = Math.max(0, ...(pollers ?? []).map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000));
  return Date.now() - last < A_POLL_LASTS_MS ? new Date(last) : undefined;
}
