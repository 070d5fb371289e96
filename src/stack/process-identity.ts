/** Whether a process that we recorded is still the same one: a pid alone is used again. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface ProcessIdentity {
  pid: number;
  /** What tells this process from a later one with the same pid. */
  started: string;
}

/** Nothing when there is no such process, or when it has ended and only waits to be collected. */
export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  const started = process.platform === 'linux' ? await startedOnLinux(pid) : await startedElsewhere(pid);
  return started === undefined ? undefined : { pid, started };
}

export async function isAlive({ pid, started }: ProcessIdentity): Promise<boolean> {
  return (await identityOf(pid))?.started === started;
}

/** Asks it to end, and makes it end when it has not within the time. Other processes are never touched. */
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
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // It ended by itself in between.
  }
}

/** proc(5): after the name in parentheses come the state and, as the 22nd field of all, the start in ticks since boot. */
async function startedOnLinux(pid: number): Promise<string | undefined> {
  try {
    const [stat, boot] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readFile('/proc/sys/kernel/random/boot_id', 'utf8')]);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : `${boot.trim()}:${fields[19]}`;
  } catch {
    return undefined; // ENOENT or ESRCH: there is no such process.
  }
}

async function startedElsewhere(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { env: { ...process.env, LC_ALL: 'C' } });
    const [state = '', ...started] = stdout.trim().split(/\s+/);
    return state === '' || state.startsWith('Z') ? undefined : started.join(' ');
  } catch {
    return undefined; // ps exits with 1 when there is no such process.
  }
}
