/** The worker as a child process of `continuity up`. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { CONTINUITY } from '../contract/messages.js';
import { endOf } from './child-end.js';
import type { Starter } from './dev-server.js';
import type { Running } from './keep-running.js';
import { openLog } from './logs.js';
import { identityOf } from '../host/process-identity.js';

export interface WorkerProcess extends Running {
  /** The exit code after the worker has ended. Undefined when a signal ended it. */
  exitCode(): number | undefined;
}

export interface WorkerOptions extends Starter {
  script: string;
  cwd: string;
  env: NodeJS.ProcessEnv;
  log: string;
}

/**
 * The worker has its own process group. Ctrl-C in the terminal reaches it only through `continuity
 * up`.
 */
export async function startWorker(options: WorkerOptions): Promise<WorkerProcess> {
  const child = launch(options);
  const ended = endOf(child);
  const identity = child.pid === undefined ? undefined : await identityOf(child.pid);
  return { pid: child.pid ?? 0, started: identity?.started ?? '', ended, exitCode: () => child.exitCode ?? undefined };
}

function launch({ script, cwd, env, log, signal, spawned }: WorkerOptions): ChildProcess {
  const out = openLog(log);
  try {
    signal?.throwIfAborted();
    const child = spawn(process.execPath, [script], { cwd, env, detached: true, stdio: ['ignore', out, out] });
    spawned?.(child);
    return child;
  } finally {
    closeSync(out);
  }
}

/**
 * @returns true once the worker polls for work; false when the worker ended first or the signal was
 * aborted
 */
export async function takesWork(
  worker: WorkerProcess,
  { address, since, signal }: { address: string; since: number; signal: AbortSignal },
): Promise<boolean> {
  let over = false;
  const end = worker.ended.then(() => (over = true));
  const connection = Connection.lazy({ address });
  try {
    while (!over && !signal.aborted) {
      if (await polled(connection, since)) return true;
      await Promise.race([end, sleep(100)]);
    }
    return false;
  } finally {
    await connection.close();
  }
}

async function polled(connection: Connection, sinceMs: number): Promise<boolean> {
  try {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace: 'default',
      taskQueue: { name: CONTINUITY },
      taskQueueType: 1,
    });
    return (pollers ?? []).some(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 >= sinceMs - 1000);
  } catch {
    return false; // The server may still be starting. The caller asks again.
  }
}
