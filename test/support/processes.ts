/** Which processes there are, so that tests can see that one is gone, or that none is left. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Those whose environment mentions the directory. Linux only. */
export function processesOf(dir: string): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => pid !== process.pid && environmentOf(pid).includes(dir));
}

/** The children of a process that have this word in their command. Linux only. */
export function childrenOf(parent: number, word: string): number[] {
  const isChild = (pid: number) => readProc(pid, 'status').includes(`\nPPid:\t${parent}\n`);
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
  return pids.filter((pid) => isChild(pid) && readProc(pid, 'cmdline').split('\0').includes(word));
}

const environmentOf = (pid: number) => readProc(pid, 'environ');

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return ''; // It ended meanwhile, or is another user's.
  }
}

/** A zombie counts as gone. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false; // ENOENT: gone.
  }
}

/** How many TCP connections a process has to a port of this machine. Linux only. */
export function connectionsOf(pid: number, port: number): number {
  const hex = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = ['net/tcp', 'net/tcp6'].flatMap((file) => readProc(pid, file).split('\n')).map((row) => row.trim().split(/\s+/));
  const inodes = new Set(rows.filter((row) => row[2]?.endsWith(hex) && row[3] === '01').map((row) => row[9]));
  return socketsOf(pid).filter((inode) => inodes.has(inode)).length;
}

function socketsOf(pid: number): string[] {
  try {
    const links = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
  } catch {
    return []; // ENOENT: the process or one of its files has gone.
  }
}
