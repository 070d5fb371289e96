/**
 * Says whether a recorded process is still the same one. A pid alone does not say it, because the
 * kernel reuses pids, and after a reboot any process can have the pid. This is the only module that
 * decides this for the stack, the workers and the agents.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { withSearchPath } from './search-path.js';
import { bootId, processEntryOf } from './proc.js';

export interface ProcessIdentity {
  pid: number;
  /** Differs for any two processes with the same pid, including one from before a reboot. */
  started: string;
}

/** Undefined when the process does not exist, or has ended and is a zombie. */
export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  const started = process.platform === 'linux' ? startedOnLinux(pid) : await startedElsewhere(pid);
  return started === undefined ? undefined : { pid, started };
}

export async function isAlive({ pid, started }: ProcessIdentity): Promise<boolean> {
  return (await identityOf(pid))?.started === started;
}

/**
 * Sends `signal`, and SIGKILL when the process still lives after `withinMs`. Touches no other
 * process.
 */
export async function endProcess(known: ProcessIdentity, signal: NodeJS.Signals, withinMs: number): Promise<void> {
  if (!(await isAlive(known))) return;
  send(known.pid, signal);
  if (await endsWithin(known, withinMs)) return;
  send(known.pid, 'SIGKILL');
  await endsWithin(known, 5000);
}

async function endsWithin(known: ProcessIdentity, ms: number): Promise<boolean> {
  const deadline = Date.now() + ms;
  while (await isAlive(known)) {
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // ESRCH: the process ended by itself meanwhile.
  }
}

function startedOnLinux(pid: number): string | undefined {
  const [entry, boot] = [processEntryOf(pid), bootId()];
  return entry && boot !== undefined ? `${boot}:${entry.startTicks}` : undefined;
}

async function startedElsewhere(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      env: { ...withSearchPath(process.env), LC_ALL: 'C', TZ: 'UTC' },
    });
    const [state = '', ...started] = stdout.trim().split(/\s+/);
    return state === '' || state.startsWith('Z') ? undefined : started.join(' ');
  } catch {
    return undefined; // ps exits with 1 when there is no such process.
  }
}
