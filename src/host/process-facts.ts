/**
 * The ports and files that a process has open. Linux answers from `/proc`, other systems from
 * `lsof`. `undefined` means that neither can say.
 */
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { execa } from 'execa';
import { allProcesses, commandOf as argumentsOf, hasInEnvironment } from './proc.js';
import { withSearchPath } from './search-path.js';

const LISTENING = '0A';

export async function listensOn(pid: number, port: number): Promise<boolean | undefined> {
  if (process.platform !== 'linux')
    return (await lsof(['-a', '-p', String(pid), `-iTCP:${port}`, '-sTCP:LISTEN']))?.includes(pid);
  try {
    const rows = (await readFile(`/proc/${pid}/net/tcp`, 'latin1')).split('\n').map((row) => row.trim().split(/\s+/));
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    const sockets = rows
      .filter(([, local = '', , state]) => state === LISTENING && local.endsWith(`:${hex}`))
      .map((row) => `socket:[${row[9]}]`);
    const open = await openFiles(pid);
    return sockets.some((socket) => open.includes(socket));
  } catch {
    return undefined; // The process ended, or its files cannot be read.
  }
}

/** The processes that have this file open. */
export async function holdersOf(file: string): Promise<number[]> {
  if (process.platform !== 'linux') return (await lsof(['--', file])) ?? [];
  const wanted = await stat(file).catch(() => undefined);
  if (!wanted) return [];
  const holders = await Promise.all(
    allProcesses().map(async ({ pid }) => ((await holds(pid, file, wanted)) ? pid : 0)),
  );
  return holders.filter((pid) => pid !== 0);
}

/** The processes that started with this entry, `NAME=value`, in their environment. Linux only. */
export function processesWith(entry: string): { pid: number; command: string[] }[] {
  if (process.platform !== 'linux') return [];
  const found = allProcesses().filter(({ pid }) => hasInEnvironment(pid, entry));
  return found.map(({ pid }) => ({ pid, command: argumentsOf(pid) ?? [] }));
}

export async function commandOf(pid: number): Promise<string[]> {
  if (process.platform === 'linux') return argumentsOf(pid) ?? [];
  return (
    await execa('ps', ['-o', 'command=', '-p', String(pid)], { env: withSearchPath(process.env), reject: false })
  ).stdout
    .trim()
    .split(/\s+/);
}

async function holds(pid: number, file: string, wanted: { dev: number; ino: number }): Promise<boolean> {
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const fd of fds) {
    const link = `/proc/${pid}/fd/${fd}`;
    // The kernel shows the file's current path. Only links with the right name are worth a stat.
    if (basename(await readlink(link).catch(() => '')) !== basename(file)) continue;
    const open = await stat(link).catch(() => undefined);
    if (open?.ino === wanted.ino && open.dev === wanted.dev) return true;
  }
  return false;
}

async function openFiles(pid: number): Promise<string[]> {
  return Promise.all((await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
}

/** @returns pids; undefined when `lsof` is not installed */
async function lsof(question: string[]): Promise<number[] | undefined> {
  const { failed, exitCode, stdout } = await execa('lsof', ['-nP', '-t', ...question], {
    env: withSearchPath(process.env),
    reject: false,
  });
  if (failed && exitCode === undefined) return undefined;
  return stdout.split('\n').filter(Boolean).map(Number);
}
