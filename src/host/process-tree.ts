/**
 * Ending a program with everything that it started. OpenCode gives every bash tool a session and process group of its own,
 * so killing the server's group kills no tool (1.18.33). What is ours is known by a marker in the environment, which children
 * inherit. A process that both clears its environment and leaves its session (`env -i setsid …`) escapes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { allProcesses, hasInEnvironment, processEntryOf } from './proc.js';

/** Names in the environment: of an agent's server with its tools, of a check. */
export const AGENT_MARKER = 'CONTINUITY_AGENT';
export const CHECK_MARKER = 'CONTINUITY_CHECK';

const hasProc = () => process.platform === 'linux';

/**
 * The marked processes, all in their sessions, and all that descend from either. Never this process, nor what it descends from: an agent's
 * tool may have started us. Nothing is found through those either, or our own children would belong to the tree.
 */
function treeOf(entry: string): number[] {
  const all = allProcesses();
  const byPid = new Map(all.map((one) => [one.pid, one]));
  const spared = new Set<number>();
  for (let pid: number | undefined = process.pid; pid; pid = byPid.get(pid)?.parent) spared.add(pid);

  const others = all.filter(({ pid }) => !spared.has(pid));
  const marked = others.filter(({ pid }) => hasInEnvironment(pid, entry));
  const sessions = new Set(marked.map(({ session }) => session));
  const own = byPid.get(process.pid)?.session;
  if (own !== undefined) sessions.delete(own);

  const tree = new Set([...marked, ...others.filter(({ session }) => sessions.has(session))].map(({ pid }) => pid));
  for (let size = -1; size !== tree.size; ) {
    size = tree.size;
    for (const { pid, parent } of others) if (tree.has(parent)) tree.add(pid);
  }
  return [...tree];
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false; // ESRCH: it ended meanwhile. EPERM: not ours.
  }
}

/** Whether anything of it runs; unknown elsewhere than on Linux. */
export function treeRuns(entry: string): boolean {
  return hasProc() && treeOf(entry).length > 0;
}

/**
 * Ends everything that has this entry, `NAME=value`, in its environment. Returns how many processes there were, once they are
 * gone and two scans in a row found none. Stops all of them before it kills the first: a parent could start another child in between.
 *
 * Elsewhere than on Linux it ends only the process group of `leader`, and tools may live on. The caller has to know that the group is
 * the one that it started: `isAlive` of its identity says so, a pid alone does not.
 */
export async function killTree(entry: string, leader?: number): Promise<number> {
  if (!hasProc()) {
    if (leader !== undefined) signal(-leader, 'SIGKILL');
    return 0;
  }
  const killed = new Map<number, string | undefined>();
  for (let empty = 0, scans = 0; empty < 2; scans++) {
    const found = treeOf(entry);
    // The environment of a process that is being ended is gone before its files and locks are.
    const dying = [...killed].flatMap(([pid, startTicks]) => (startTicks !== undefined && processEntryOf(pid)?.startTicks === startTicks ? [pid] : []));
    empty = found.length + dying.length > 0 ? 0 : empty + 1;
    if (scans > 500) throw new Error(`Processes ${[...found, ...dying].join(', ')} could not be ended. End them by hand.`);
    for (const pid of found) signal(pid, 'SIGSTOP');
    for (const pid of found.length ? treeOf(entry) : []) {
      killed.set(pid, processEntryOf(pid)?.startTicks);
      signal(pid, 'SIGKILL');
    }
    await sleep(10);
  }
  return killed.size;
}
