/**
 * Ends a program with everything that it started. OpenCode gives every bash tool its own session
 * and process group, so killing the server's group kills no tool (1.18.33). We find our processes
 * by a marker in the environment, which children inherit. A process that clears its environment and
 * also leaves its session (`env -i setsid …`) escapes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { allProcesses, hasInEnvironment, processEntryOf } from './proc.js';

/**
 * Names of environment variables. The first marks an agent's server with its tools, the second a
 * tool of one session, the third a check, the fourth a git that tells what changed, the fifth the
 * command of a notice.
 */
export const AGENT_MARKER = 'CONTINUITY_AGENT';
export const SESSION_MARKER = 'CONTINUITY_SESSION';
export const CHECK_MARKER = 'CONTINUITY_CHECK';
export const GIT_MARKER = 'CONTINUITY_GIT';
export const NOTICE_MARKER = 'CONTINUITY_NOTICE';

const hasProc = () => process.platform === 'linux';

/**
 * The marked processes, all processes in their sessions, and the descendants of both. This process
 * and its ancestors are spared, because an agent's tool may have started us. The search does not
 * pass through them, or our own children would belong to the tree.
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
  for (let size = -1; size !== tree.size;) {
    size = tree.size;
    for (const { pid, parent } of others) if (tree.has(parent)) tree.add(pid);
  }
  return [...tree];
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false; // ESRCH: the process ended meanwhile. EPERM: it is not ours.
  }
}

/** Whether a process of the tree runs. Always false on other systems than Linux. */
export function treeRuns(entry: string): boolean {
  return hasProc() && treeOf(entry).length > 0;
}

/**
 * Ends all processes with this entry, `NAME=value`, in their environment, and their trees. Stops
 * all of them before it kills the first one, because a parent could start another child meanwhile.
 * Resolves when the processes are gone and two scans in a row found none.
 *
 * On other systems than Linux it kills only the process group of `leader`, so tools may live on.
 * The caller has to make sure with `isAlive` that the group is its own, because a pid alone does
 * not say so.
 * @returns how many processes it killed
 */
export async function killTree(entry: string, leader?: number): Promise<number> {
  if (!hasProc()) {
    if (leader !== undefined) signal(-leader, 'SIGKILL');
    return 0;
  }
  const killed = new Map<number, string | undefined>();
  for (let empty = 0, scans = 0; empty < 2; scans++) {
    const found = treeOf(entry);
    // The kernel frees the environment of a dying process before its files and locks.
    const dying = [...killed].flatMap(([pid, startTicks]) =>
      startTicks !== undefined && processEntryOf(pid)?.startTicks === startTicks ? [pid] : [],
    );
    empty = found.length + dying.length > 0 ? 0 : empty + 1;
    if (scans > 500)
      throw new Error(`Processes ${[...found, ...dying].join(', ')} could not be ended. End them by hand.`);
    for (const pid of found) signal(pid, 'SIGSTOP');
    for (const pid of found.length ? treeOf(entry) : []) {
      killed.set(pid, processEntryOf(pid)?.startTicks);
      signal(pid, 'SIGKILL');
    }
    await sleep(10);
  }
  return killed.size;
}
