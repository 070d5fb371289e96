/** Whether a topic has ended although work of it still runs here: an operator can terminate or delete what is at work. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';

const ENDED: readonly string[] = ['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT'];
const ANSWERS_WITHIN_MS = 5_000;
const ASK_AGAIN_MS = 500;
/** A server that answers nothing for so long: the work is let go of, which never ends what may still be wanted. */
const ASKED_FOR_MS = 60_000;

/**
 * Asks for the newest run: a reset, or a run that has continued as new, has one that goes on with the work.
 *
 * @param signal in place of the activity's own, which is aborted by then and would abort this call
 * @throws the signal's reason
 */
export async function topicIsOver(client: Client, workflowId: string, signal: AbortSignal): Promise<boolean> {
  for (const end = performance.now() + ASKED_FOR_MS; performance.now() < end; await sleep(ASK_AGAIN_MS)) {
    signal.throwIfAborted();
    try {
      const ask = () => client.workflow.getHandle(workflowId).describe();
      const { status } = await client.withAbortSignal(signal, () => client.withDeadline(Date.now() + ANSWERS_WITHIN_MS, ask));
      return ENDED.includes(status.name);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return true;
      // The server did not answer: it is asked again.
    }
  }
  return false;
}
