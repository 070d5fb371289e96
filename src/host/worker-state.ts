/**
 * The state that a worker writes to `worker.json` in its data directory. The worker writes it only
 * while it holds the directory's lock, so a recorded process that lives holds the lock. A worker is
 * healthy when its process lives and when it has seen within the last 30 seconds that Temporal
 * lists it among the workers that poll for this host's turns.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DefaultAgent } from '../contract/agent-answers.js';
import { writePrivateFile } from './private-file.js';
import { isAlive, type ProcessIdentity } from './process-identity.js';

export interface WorkerState extends ProcessIdentity {
  host: string;
  /** When Temporal last listed the worker, in ms since 1970. Absent until the first time. */
  listedAt?: number;
  /** What opens new sessions, where nothing else is asked for. null: no agent was found at its start. */
  agent?: DefaultAgent | null;
  /** The variables that decide which config files it reads. Absent: a worker of an older release. */
  reads?: WorkerReads;
}

export type WorkerReads = Record<
  'HOME' | 'XDG_CONFIG_HOME' | 'XDG_STATE_HOME' | 'CONTINUITY_CONFIG',
  string | undefined
>;

export interface WorkerHealth {
  healthy: boolean;
  /** Whether the process lives. */
  alive: boolean;
  detail: string;
}

/** Long enough for a server restart, or for a machine that is slow for a while. */
const LISTED_WITHIN_MS = 30_000;

export async function writeWorkerState(dataDir: string, state: WorkerState): Promise<void> {
  await writePrivateFile(fileIn(dataDir), JSON.stringify(state));
}

/** Reads one or two files. Calls neither Temporal nor an agent. */
export async function workerHealth(dataDir: string, now = Date.now()): Promise<WorkerHealth> {
  const state = await readWorkerState(dataDir);
  if (!state) return { healthy: false, alive: false, detail: `no worker has run on ${dataDir}` };
  const { pid, host, listedAt } = state;
  const who = `worker of host ${host} (process ${pid})`;
  const listed =
    listedAt === undefined
      ? 'Temporal has not listed it yet'
      : `Temporal listed it ${Math.round((now - listedAt) / 1000)} s ago`;
  if (!(await isAlive(state))) return { healthy: false, alive: false, detail: `the ${who} has ended; ${listed}` };
  return {
    healthy: listedAt !== undefined && now - listedAt < LISTED_WITHIN_MS,
    alive: true,
    detail: `the ${who} runs; ${listed}`,
  };
}

/** What this worker has said of its default agent. undefined: nothing within the time. */
export async function defaultAgentSaid(
  dataDir: string,
  pid: number,
  signal: AbortSignal,
): Promise<WorkerState['agent']> {
  while (!signal.aborted) {
    const state = await readWorkerState(dataDir);
    if (state?.pid === pid && state.agent !== undefined) return state.agent;
    await sleep(50, undefined, { signal }).catch(() => undefined); // Aborted: the loop ends.
  }
  return undefined;
}

/** The worker that holds the data directory. Undefined: none runs, as far as this user can see. */
export async function liveWorkerIn(dataDir: string): Promise<WorkerState | undefined> {
  const state = await readWorkerState(dataDir).catch(() => undefined); // EACCES: it is another user's.
  return state && (await isAlive(state)) ? state : undefined;
}

async function readWorkerState(dataDir: string): Promise<WorkerState | undefined> {
  try {
    const { pid, started, host, listedAt, agent, reads } = JSON.parse(
      await readFile(fileIn(dataDir), 'utf8'),
    ) as Partial<WorkerState>;
    if (typeof pid !== 'number' || typeof started !== 'string' || typeof host !== 'string') return undefined;
    return {
      pid,
      started,
      host,
      ...(typeof listedAt === 'number' && { listedAt }),
      ...(agent !== undefined && { agent }),
      ...(reads && { reads }),
    };
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function fileIn(dataDir: string): string {
  return join(dataDir, 'worker.json');
}
