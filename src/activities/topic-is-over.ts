/**
 * Whether a topic has ended while work for it still runs here. An operator can terminate or delete
 * a topic at any time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';

const ENDED: readonly string[] = ['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT'];
const ANSWERS_WITHIN_MS = 5_000;
const ASK_AGAIN_MS = 500;
/**
 * If the server does not answer for this long, the work is only detached. A detach never ends work
 * that may still be wanted.
 */
const ASKED_FOR_MS = 60_000;

/**
 * Asks for the newest run. After a reset or a continue-as-new, the newest run continues the work.
 *
 * @param signal used in place of the activity's own signal, which is aborted by then and would
 * abort this call
 * @throws the signal's reason
 */
export async function topicIsOver(client: Client, workflowId: string, signal: AbortSignal): Promise<boolean> {
  for (const end = performance.now() + ASKED_FOR_MS; performance.now() < end; await sleep(ASK_AGAIN_MS)) {
    signal.throwIfAborted();
    try {
      const ask = () => client.workflow.getHandle(workflowId).describe();
      const { status } = await client.withAbortSignal(signal, () =>
        client.withDeadline(Date.now() + ANSWERS_WITHIN_MS, ask),
      );
      return ENDED.includes(status.name);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return true;
      // The server did not answer, and is asked again.
    }
  }
  return false;
}
