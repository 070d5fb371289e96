/** What a process listens on and has open: by `/proc` on Linux, by `lsof` elsewhere. `undefined` where neither can tell. */
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { execa } from 'execa';
import { withSearchPath } from '../host/search-path.js';

const LISTENING = '0A';

export async function listensOn(pid: number, port: number): Promise<boolean | undefined> {
  if (process.platform !== 'linux') return (await lsof(['-a', '-p', String(pid), `-iTCP:${port}`, '-sTCP:LISTEN']))?.includes(pid);
  try {
    const rows = (await readFile(`/proc/${pid}/net/tcp`, 'latin1')).split('\n').map((row) => row.trim().split(/\s+/));
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    const sockets = rows.filter(([, local = '', , state]) => state === LISTENING && local.endsWith(`:${hex}`)).map((row) => `socket:[${row[9]}]`);
    const open = await openFiles(pid);
    return sockets.some((socket) => open.includes(socket));
  } catch {
    return undefined; // It ended, or its files may not be looked at.
  }
}

/** The processes that have this file open. */
export async function holdersOf(file: string): Promise<number[]> {
  if (process.platform !== 'linux') return (await lsof(['--', file])) ?? [];
  const wanted = await stat(file).catch(() => undefined);
  if (!wanted) return [];
  const holders = await Promise.all((await pids()).map(async (pid) => ((await holds(pid, file, wanted)) ? pid : 0)));
  return holders.filter((pid) => pid !== 0);
}

/** The command line and the environment of every process of this user. Linux only; elsewhere there are none. */
export async function processesWith(entry: string): Promise<{ pid: number; command: string[] }[]> {
  if (process.platform !== 'linux') return [];
  const found = await Promise.all(
    (await pids()).map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''); // It ended, or is another user's.
      return environment.split('\0').includes(entry) ? [{ pid, command: await commandOf(pid) }] : [];
    }),
  );
  return found.flat();
}

export async function commandOf(pid: number): Promise<string[]> {
  if (process.platform === 'linux') return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0').slice(0, -1);
  return (await execa('ps', ['-o', 'command=', '-p', String(pid)], { env: withSearchPath(process.env), reject: false })).stdout.trim().split(/\s+/);
}

async function holds(pid: number, file: string, wanted: { dev: number; ino: number }): Promise<boolean> {
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const fd of fds) {
    const link = `/proc/${pid}/fd/${fd}`;
    // The kernel shows the file's present path. Only what has the name is worth a stat.
    if (basename(await readlink(link).catch(() => '')) !== basename(file)) continue;
    const open = await stat(link).catch(() => undefined);
    if (open?.ino === wanted.ino && open.dev === wanted.dev) return true;
  }
  return false;
}

async function openFiles(pid: number): Promise<string[]> {
  return Promise.all((await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
}

async function pids(): Promise<number[]> {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
}

/** @returns the pids that it found, or nothing where there is no such program */
async function lsof(question: string[]): Promise<number[] | undefined> {
  const { failed, exitCode, stdout } = await execa('lsof', ['-nP', '-t', ...question], { env: withSearchPath(process.env), reject: false });
  if (failed && exitCode === undefined) return undefined;
  return stdout.split('\n').filter(Boolean).map(Number);
}
