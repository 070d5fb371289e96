/** Which processes there are, so that tests can see that one is gone, or that none is left. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Those whose environment mentions the directory. Linux only. */
export function processesOf(dir: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && environmentOf(pid).includes(dir));
}

/** The children of a process that have this word in their command. Linux only. */
export function childrenOf(parent: number, word: string): number[] {
  const isChild = (pid: number) => readProc(pid, 'status').includes(`\nPPid:\t${parent}\n`);
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
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
  const rows = ['net/tcp', 'net/tcp6']
    .flatMap((file) => readProc(pid, file).split('\n'))
    .map((row) => row.trim().split(/\s+/));
  const inodes = new Set(rows.filter((row) => row[2]?.endsWith(hex) && row[3] === '01').map((row) => row[9]));
  return filesOf(pid).filter((file) => inodes.has(/^socket:\[(\d+)\]$/.exec(file)?.[1])).length;
}

export const commandOf = (pid: number): string[] => readProc(pid, 'cmdline').split('\0').slice(0, -1);

/** The files, and whatever else, that a process has open. */
export function filesOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(pid, fd));
  } catch {
    return []; // ENOENT: it ended.
  }
}

/** The TCP addresses on which a process listens, as `127.0.0.1:7233`. Linux only, IPv4 only. */
export function listenersOf(pid: number): string[] {
  const own = new Set(filesOf(pid));
  const rows = readFileSync('/proc/net/tcp', 'latin1')
    .trim()
    .split('\n')
    .slice(1)
    .map((row) => row.trim().split(/\s+/));
  return rows.filter((row) => row[3] === '0A' && own.has(`socket:[${row[9]}]`)).map((row) => addressOf(row[1] ?? ''));
}

function addressOf(hex: string): string {
  const [ip = '', port = ''] = hex.split(':');
  return `${[...Buffer.from(ip, 'hex')].reverse().join('.')}:${parseInt(port, 16)}`;
}

function linkOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return ''; // It was closed meanwhile.
  }
}
