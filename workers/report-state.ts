/** Keeps `worker.json` of the data directory up to date: `continuity worker --healthy` and doctor go by it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NativeConnection } from '@temporalio/worker';
import type { Log } from '../src/activities/index.js';
import { hostQueueOf } from '../src/contract/messages.js';
import { identityOf } from '../src/host/process-identity.js';
import { writeWorkerState, type WorkerState } from '../src/host/worker-state.js';

interface Reporting {
  connection: NativeConnection;
  namespace: string;
  dataDir: string;
  host: string;
  log: Log;
  signal: AbortSignal;
}

const EVERY_MS = 5000;
/** Until Temporal has listed it for the first time. */
const AT_FIRST_EVERY_MS = 250;
const ANSWER_WITHIN_MS = 5000;
/** A worker asks for a minute at a time, and at once again. */
const ASKED_WITHIN_MS = 90_000;
/** temporal.api.enums.v1.TaskQueueType */
const ACTIVITIES = 2;

/** Runs until it is aborted. Called under the lock of the data directory. */
export async function reportState(reporting: Reporting): Promise<void> {
  const { dataDir, host, log, signal } = reporting;
  const identity = await identityOf(process.pid);
  if (!identity) throw new Error(`Process ${process.pid} does not find itself.`);
  const state: WorkerState = { ...identity, host };
  while (!signal.aborted) {
    try {
      // A server that does not answer leaves the time of the last listing as it is.
      if (await isListed(reporting).catch(() => false)) state.listedAt = Date.now();
      await writeWorkerState(dataDir, state);
    } catch (error) {
      log('worker.json could not be written', { error: error instanceof Error ? error.message : String(error) });
    }
    await sleep(state.listedAt === undefined ? AT_FIRST_EVERY_MS : EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined); // Aborted: the loop ends.
  }
}

async function isListed({ connection, namespace, host }: Reporting): Promise<boolean> {
  const asked = () => connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: hostQueueOf(host) }, taskQueueType: ACTIVITIES });
  const { pollers } = await connection.withDeadline(Date.now() + ANSWER_WITHIN_MS, asked);
  return (pollers ?? []).some(({ identity, lastAccessTime }) => identity === `${process.pid}@${host}` && Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000 < ASKED_WITHIN_MS);
}
