/** Starts `opencode serve` so that it outlives this process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { AGENT_MARKER } from '../../host/process-tree.js';
import { withPlugin } from './plugin.js';
import type { Env } from './store.js';

interface Spawn {
  program: string;
  port: number;
  password: string;
  marker: string;
  /** Each start unpacks 5 MB here. A killed server leaves them behind. */
  tmp: string;
  folder: string;
  logFile: string;
  env: Env;
}

const MAX_LOG_BYTES = 5 * 1024 * 1024;

/** @returns the pid of the new process, which may not serve yet */
export async function spawnServer({
  program,
  port,
  password,
  marker,
  tmp,
  folder,
  logFile,
  env,
}: Spawn): Promise<number> {
  await using log = await open(logFile, 'a', 0o600);
  if ((await log.stat()).size > MAX_LOG_BYTES) await log.truncate();
  const child = spawn(program, ['serve', '--hostname', '127.0.0.1', '--port', String(port)], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: {
      ...env,
      ...withPlugin(env),
      OPENCODE_SERVER_USERNAME: 'opencode',
      OPENCODE_SERVER_PASSWORD: password,
      // A server that updates its program during a turn would be a mix of two versions.
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      TMPDIR: tmp,
      [AGENT_MARKER]: marker,
    },
  });
  await once(child, 'spawn');
  child.unref();
  if (child.pid === undefined) throw new Error(`${program} has no pid`);
  return child.pid;
}
