/** Which processes there are, so that tests can see that one is gone, or that none is left. */
import { readdirSync, readFileSync } from 'node:fs';

/** Those whose environment mentions the directory. Linux only. */
export function processesOf(dir: string): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => pid !== process.pid && environmentOf(pid).includes(dir));
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
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
