/**
 * What the worker of a data directory reports about itself, in `worker.json`. It writes it only while it holds the directory's lock, so
 * while that process lives, it holds the lock. Healthy means: that process lives, and it has seen within the last 30 seconds that
 * Temporal lists it among the workers that ask for this host's turns.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, type ProcessIdentity } from './process-identity.js';

export interface WorkerState extends ProcessIdentity {
  host: string;
  /** When Temporal last listed it, in ms since 1970. Absent until it first did. */
  listedAt?: number;
}

export interface WorkerHealth {
  healthy: boolean;
  /** Whether the process lives. */
  alive: boolean;
  detail: string;
}

/** Long enough for a server that restarts, or a machine that is slow for a while. */
const LISTED_WITHIN_MS = 30_000;

/** In one step: a reader finds the whole of it. */
export async function writeWorkerState(dataDir: string, state: WorkerState): Promise<void> {
  const file = fileIn(dataDir);
  await writeFile(`${file}.new`, JSON.stringify(state), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Costs a read of a file or two, and asks neither Temporal nor an agent. */
export async function workerHealth(dataDir: string, now = Date.now()): Promise<WorkerHealth> {
  const state = await readWorkerState(dataDir);
  if (!state) return { healthy: false, alive: false, detail: `no worker has run on ${dataDir}` };
  const { pid, host, listedAt } = state;
  const who = `worker of host ${host} (process ${pid})`;
  const listed = listedAt === undefined ? 'Temporal has not listed it yet' : `Temporal listed it ${Math.round((now - listedAt) / 1000)} s ago`;
  if (!(await isAlive(state))) return { healthy: false, alive: false, detail: `the ${who} has ended; ${listed}` };
  return { healthy: listedAt !== undefined && now - listedAt < LISTED_WITHIN_MS, alive: true, detail: `the ${who} runs; ${listed}` };
}

async function readWorkerState(dataDir: string): Promise<WorkerState | undefined> {
  try {
    const { pid, started, host, listedAt } = JSON.parse(await readFile(fileIn(dataDir), 'utf8')) as Partial<WorkerState>;
    if (typeof pid !== 'number' || typeof started !== 'string' || typeof host !== 'string') return undefined;
    return { pid, started, host, ...(typeof listedAt === 'number' && { listedAt }) };
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function fileIn(dataDir: string): string {
  return join(dataDir, 'worker.json');
}
