/**
 * Reports what the turn of a prompt waits for. The topic is asked only when its history has grown,
 * so a long wait asks no worker.
 */
import type { Client } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Waiting } from '../contract/asks.js';
import { workflowIdOf, type PromptId, type TopicId } from '../contract/ids.js';
import { outcome } from '../contract/messages.js';

const LOOK_EVERY_MS = 300;
const ANSWERS_WITHIN_MS = 3000;

/**
 * Reports each change until the signal is aborted. As in `reportProgress`, a look that fails is
 * skipped.
 */
export async function reportWaiting(
  client: Client,
  { topic, prompt_id }: { topic: TopicId; prompt_id: PromptId },
  report: (waiting: Waiting | undefined) => void,
  signal: AbortSignal,
): Promise<void> {
  const handle = client.workflow.getHandle(workflowIdOf(topic));
  let history = '';
  let reported: string | undefined;
  while (!signal.aborted) {
    try {
      const { runId, historyLength } = await handle.describe();
      const grown = `${runId} ${historyLength}`;
      if (grown !== history) {
        const state = await client.withDeadline(Date.now() + ANSWERS_WITHIN_MS, () => handle.query(outcome, prompt_id));
        history = grown;
        const waiting = state.state === 'running' ? state.waiting : undefined;
        const now = waiting && JSON.stringify(waiting);
        if (now !== reported && !signal.aborted) report(waiting);
        reported = now;
      }
    } catch {
      // The topic does not exist yet, or does not answer. It is looked at again.
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined); // Aborted: the loop ends.
  }
}
