/** Which processes there are, so that tests can see that one is gone, or that none is left. */
import { readdirSync, readFileSync } from 'node:fs';

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
