/**
 * Keeps `worker.json` in the data directory up to date. `continuity worker --healthy` and doctor
 * read it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NativeConnection } from '@temporalio/worker';
import type { Log } from '../src/activities/context.js';
import { readsOf } from '../src/config/reads.js';
import { defined } from '../src/contract/defined.js';
import { hostQueueOf } from '../src/contract/messages.js';
import { identityOf } from '../src/host/process-identity.js';
import type { DefaultAgent } from '../src/contract/agent-answers.js';
import { writeWorkerState, type WorkerState } from '../src/host/worker-state.js';
import { OtherWorkers, type Poller } from './other-workers.js';

interface Reporting {
  connection: NativeConnection;
  namespace: string;
  dataDir: string;
  host: string;
  /** Which agent opens new sessions. null: none is installed. undefined: that is not known. */
  agent: Promise<DefaultAgent | null | undefined>;
  log: Log;
  signal: AbortSignal;
}

const EVERY_MS = 5000;
/** Used until Temporal has listed the worker for the first time, and its agent was looked for. */
const AT_FIRST_EVERY_MS = 250;
const ANSWER_WITHIN_MS = 5000;
/** A worker asks for work for a minute, and then asks again at once. */
const ASKED_WITHIN_MS = 90_000;
/** temporal.api.enums.v1.TaskQueueType */
const ACTIVITIES = 2;

/** Runs until it is aborted. Called under the lock of the data directory. */
export async function reportState(reporting: Reporting): Promise<void> {
  const { dataDir, host, agent, log, signal } = reporting;
  const identity = await identityOf(process.pid);
  if (!identity) throw new Error(`Process ${process.pid} cannot read its own start time.`);
  const state: WorkerState = { ...identity, host, reads: readsOf(process.env) };
  let isAgentKnown = false;
  let isComplete = false;
  void agent.then((found) => {
    isAgentKnown = true;
    Object.assign(state, defined({ agent: found }));
  });
  const own = `${process.pid}@${host}`;
  const others = new OtherWorkers(own);
  while (!signal.aborted) {
    try {
      // When the server does not answer, the time of the last listing stays.
      const pollers = await pollersOf(reporting).catch(() => []);
      if (pollers.some((poller) => poller.identity === own && Date.now() - poller.at < ASKED_WITHIN_MS))
        state.listedAt = Date.now();
      for (const other of others.look(pollers))
        log(
          'another worker takes turns of this host, such as one on a copy of this data directory: stop one of the two',
          { host, other },
        );
      isComplete = state.listedAt !== undefined && isAgentKnown; // Before the write, in which more can become known.
      await writeWorkerState(dataDir, state);
    } catch (error) {
      log('worker.json could not be written', { error: error instanceof Error ? error.message : String(error) });
    }
    await sleep(isComplete ? EVERY_MS : AT_FIRST_EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined); // Aborted: the loop ends.
  }
}

async function pollersOf({ connection, namespace, host }: Reporting): Promise<Poller[]> {
  const asked = () =>
    connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: hostQueueOf(host) },
      taskQueueType: ACTIVITIES,
    });
  const { pollers } = await connection.withDeadline(Date.now() + ANSWER_WITHIN_MS, asked);
  return (pollers ?? []).map(({ identity, lastAccessTime }) => ({
    identity: identity ?? '',
    at: Number(lastAccessTime?.seconds ?? 0) * 1000,
  }));
}
