/** Starting `opencode serve` so that it outlives us. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { AGENT_MARKER } from '../../host/process-tree.js';
import type { Env } from './store.js';

interface Spawn {
  program: string;
  port: number;
  password: string;
  marker: string;
  /** Each start unpacks 5 MB there, and a killed server leaves them. */
  tmp: string;
  folder: string;
  logFile: string;
  env: Env;
}

const MAX_LOG_BYTES = 5 * 1024 * 1024;

/** The pid of a server that was started; whether it serves is another question. */
export async function spawnServer({ program, port, password, marker, tmp, folder, logFile, env }: Spawn): Promise<number> {
  await using log = await open(logFile, 'a', 0o600);
  if ((await log.stat()).size > MAX_LOG_BYTES) await log.truncate();
  const child = spawn(program, ['serve', '--hostname', '127.0.0.1', '--port', String(port)], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: {
      ...env,
      OPENCODE_SERVER_USERNAME: 'opencode',
      OPENCODE_SERVER_PASSWORD: password,
      // A server that replaces its own program under a running turn would be neither the old one nor the new.
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
