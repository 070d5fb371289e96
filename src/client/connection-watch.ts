/**
 * Watches whether Temporal itself answers. To a waiting call, a missing worker and a missing server
 * look the same.
 */
import type { Client } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';

/** `lost`: Temporal no longer answers, and the wait goes on. `back`: it answers again. */
export type ConnectionEvent = 'lost' | 'back';

const ASK_EVERY_MS = 1000;
const ANSWERS_WITHIN_MS = 2000;
/** A single call may be lost on its way. */
const LOST_AFTER_FAILURES = 2;

export async function reachesTemporal(client: Client, withinMs = ANSWERS_WITHIN_MS): Promise<boolean> {
  try {
    await client.withDeadline(Date.now() + withinMs, () => client.workflowService.getSystemInfo({}));
    return true;
  } catch {
    return false; // ServiceError. For every reason, the server did not answer.
  }
}

/** Reports each change until the signal is aborted. */
export async function reportConnection(
  client: Client,
  report: (event: ConnectionEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const answers = await unlessAborted(signal, (once) => client.withAbortSignal(once, () => reachesTemporal(client)));
    if (signal.aborted) return;
    if (answers && failures >= LOST_AFTER_FAILURES) report('back');
    failures = answers ? 0 : failures + 1;
    if (failures === LOST_AFTER_FAILURES) report('lost');
    await sleep(ASK_EVERY_MS, undefined, { signal }).catch(() => undefined); // Aborted: the loop ends.
  }
}

/**
 * Gives each call a signal of its own, because the SDK never removes its listener from the signal
 * of a call, and there is a call every second.
 */
async function unlessAborted<T>(signal: AbortSignal, call: (once: AbortSignal) => Promise<T>): Promise<T> {
  const once = new AbortController();
  const end = () => once.abort(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  try {
    return await call(once.signal);
  } finally {
    signal.removeEventListener('abort', end);
  }
}
