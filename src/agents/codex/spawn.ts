/**
 * Starts `codex app-server` so that it outlives this process. A server on stdio aborts its turn
 * when its worker dies (0.169.0).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { AGENT_MARKER } from '../../host/process-tree.js';
import type { Env } from './store.js';

interface Spawn {
  program: string;
  socket: string;
  marker: string;
  folder: string;
  logFile: string;
  env: Env;
}

const MAX_LOG_BYTES = 5 * 1024 * 1024;

/**
 * Features that are switched off. Goals continue by themselves, sub-agents work in threads of their
 * own, and plugins are fetched with git at each start. Without `agents.enabled=false`, a thread that
 * is unloaded before its first turn has sub-agents all the same (0.169.0).
 */
const WITHOUT = ['goals', 'multi_agent', 'multi_agent_v2', 'plugins'];

/** @returns the pid of the new process, which may not serve yet */
export async function spawnServer({ program, socket, marker, folder, logFile, env }: Spawn): Promise<number> {
  await using log = await open(logFile, 'a', 0o600);
  if ((await log.stat()).size > MAX_LOG_BYTES) await log.truncate();
  // With this delay, a thread that no client follows is unloaded after a second, so that a person
  // can continue it.
  const args = [
    'app-server',
    '--listen',
    `unix://${socket}`,
    ...WITHOUT.flatMap((feature) => ['--disable', feature]),
    '-c',
    'thread_unload_delay_secs=1',
    '-c',
    'agents.enabled=false',
  ];
  const child = spawn(program, args, {
    cwd: folder,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: { ...env, [AGENT_MARKER]: marker },
  });
  await once(child, 'spawn');
  child.unref();
  if (child.pid === undefined) throw new Error(`${program} has no pid`);
  return child.pid;
}
