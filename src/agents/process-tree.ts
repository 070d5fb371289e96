/**
 * Ending a program with everything that it started. OpenCode gives every bash tool a session and process group of its own,
 * so killing the server's group kills no tool (1.18.33). What is ours is known by a marker in the environment, which children
 * inherit. A process that both clears its environment and leaves its session (`env -i setsid …`) escapes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Names in the environment: of an agent's server with its tools, of a check. */
export const AGENT_MARKER = 'CONTINUITY_AGENT';
export const CHECK_MARKER = 'CONTINUITY_CHECK';

interface Process {
  pid: number;
  parent: number;
  session: number;
  startTime: string;
}

/** Linux only; a zombie counts as gone. */
function processOf(pid: number): Process | undefined {
  const stat = readProc(pid, 'stat');
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return { pid, parent: Number(fields[1]), session: Number(fields[3]), startTime: fields[19] ?? '' };
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return undefined; // ENOENT, ESRCH: it ended meanwhile. EACCES: another user's, so not ours.
  }
}

const hasProc = process.platform === 'linux';

/** Tells a process from a later one with the same pid. Elsewhere than on Linux it tells nothing: a health check has to. */
export function startTimeOf(pid: number): string | undefined {
  if (hasProc) return processOf(pid)?.startTime;
  return signal(pid, 0) ? 'unknown' : undefined;
}

/** The marked processes, all in their sessions, and all that descend from either; never this process or what it descends from. */
function treeOf(entry: string): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => processOf(Number(name)) ?? []);
  const byPid = new Map(all.map((one) => [one.pid, one]));
  const spared = new Set<number>();
  for (let pid: number | undefined = process.pid; pid; pid = byPid.get(pid)?.parent) spared.add(pid);

  const marked = all.filter(({ pid }) => !spared.has(pid) && readProc(pid, 'environ')?.split('\0').includes(entry));
  const sessions = new Set(marked.map(({ session }) => session));
  const own = byPid.get(process.pid)?.session;
  if (own !== undefined) sessions.delete(own);

  const tree = new Set([...marked, ...all.filter(({ session }) => sessions.has(session))].map(({ pid }) => pid));
  for (let size = -1; size !== tree.size; ) {
    size = tree.size;
    for (const { pid, parent } of all) if (tree.has(parent)) tree.add(pid);
  }
  return [...tree].filter((pid) => !spared.has(pid));
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false; // ESRCH: it ended meanwhile. EPERM: not ours.
  }
}

/** Whether anything of it runs; unknown elsewhere than on Linux. */
export function treeRuns(entry: string): boolean {
  return hasProc && treeOf(entry).length > 0;
}

/**
 * Ends all that is marked by this entry of the environment, `NAME=value`. Returns once two scans in a row found nothing of it, with how many there were. All are stopped before the first is killed, or a parent could
 * start another child in between. Elsewhere than on Linux only the group of `leader` is ended: tools may live on.
 */
export async function killTree(entry: string, leader?: number): Promise<number> {
  if (!hasProc) {
    if (leader !== undefined) signal(-leader, 'SIGKILL');
    return 0;
  }
  const ended = new Set<number>();
  for (let empty = 0, scans = 0; empty < 2; scans++) {
    const found = treeOf(entry);
    empty = found.length ? 0 : empty + 1;
    if (scans > 500) throw new Error(`Processes ${found.join(', ')} could not be ended. End them by hand.`);
    for (const pid of found) signal(pid, 'SIGSTOP');
    for (const pid of found.length ? treeOf(entry) : []) {
      signal(pid, 'SIGKILL');
      ended.add(pid);
    }
    await sleep(10);
  }
  return ended.size;
}
