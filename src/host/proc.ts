/** Reads /proc, see proc(5). Linux only. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The kernel tells programs times in this unit, whatever its own is (USER_HZ). */
const TICKS_A_SECOND = 100;

export interface ProcessEntry {
  pid: number;
  parent: number;
  session: number;
  /** In clock ticks since boot. */
  startTicks: string;
}

/** Undefined when the process does not exist, or has ended and is a zombie. */
export function processEntryOf(pid: number): ProcessEntry | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The name is in parentheses and may contain any character. After it come the state (field 3),
  // the parent (4), the session (6) and the start (22).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return { pid, parent: Number(fields[1]), session: Number(fields[3]), startTicks: fields[19] ?? '' };
}

export function allProcesses(): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processEntryOf(Number(name)) ?? []);
}

/** Whether the process started with this entry, `NAME=value`, in its environment. */
export function hasInEnvironment(pid: number, entry: string): boolean {
  return read(`/proc/${pid}/environ`)?.split('\0').includes(entry) ?? false;
}

/** Undefined when it cannot be read. */
export function commandOf(pid: number): string[] | undefined {
  return read(`/proc/${pid}/cmdline`)?.split('\0').slice(0, -1);
}

/** The environment with which the process started. Undefined when it cannot be read. */
export function environmentOf(pid: number): Record<string, string> | undefined {
  const entries = read(`/proc/${pid}/environ`)
    ?.split('\0')
    .filter((entry) => entry.includes('='));
  return (
    entries &&
    Object.fromEntries(
      entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
    )
  );
}

/** The paths of the files that the process has open. Undefined when they cannot be read. */
export function filesOf(pid: number): string[] | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    return undefined; // The process ended, closed a file meanwhile, or is another user's.
  }
}

/** For how long this machine runs, in clock ticks. */
export function ticksSinceBoot(): number | undefined {
  const seconds = read('/proc/uptime')?.split(' ')[0];
  return seconds === undefined ? undefined : Math.floor(Number(seconds) * TICKS_A_SECOND);
}

/** Changes with each boot of the machine. */
export function bootId(): string | undefined {
  return read('/proc/sys/kernel/random/boot_id')?.trim();
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // ENOENT, ESRCH: the process has ended. EACCES: the process is another user's, so not ours.
  }
}
