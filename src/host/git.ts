/** Runs git within a bounded time. At the limit, git ends with everything that it started, such as a filter. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { deadline } from './deadline.js';
import { childEnvironment } from './environment.js';
import { GIT_MARKER, killTree } from './process-tree.js';

/** After that it is killed. */
const ENDS_WITHIN_MS = 1000;
/** `git status` lists every file of a folder of packages that is not ignored. */
const MAX_PRINTED_BYTES = 64 * 1024 * 1024;

/** @returns what git printed @throws what git says, or the signal's reason */
export type Git = (cwd: string, ...args: string[]) => Promise<string>;

interface GitOptions {
  /** The limit for all commands together. */
  withinMs: number;
  signal?: AbortSignal;
  /** Absent: git only reads. It takes no lock that an agent's own git may need, and fetches nothing. */
  writes?: true;
  /** Marks its processes, so that they are found after this process was killed. Default: a new one. */
  marker?: string;
}

/** No process of git is left once it has returned or thrown. */
export async function withGit<T>(
  { withinMs, signal: ends, writes, marker = randomUUID() }: GitOptions,
  work: (git: Git) => Promise<T>,
): Promise<T> {
  const signal = deadline(withinMs, ...(ends ? [ends] : []));
  try {
    const done = await work(gitWith(signal, marker, writes === true));
    signal.throwIfAborted();
    return done;
  } finally {
    if (signal.aborted) await killTree(`${GIT_MARKER}=${marker}`);
  }
}

function gitWith(signal: AbortSignal, marker: string, writes: boolean): Git {
  const reads = { GIT_OPTIONAL_LOCKS: '0', GIT_NO_LAZY_FETCH: '1' };
  const options = {
    signal,
    // Git that is asked to end removes its locks.
    killSignal: writes ? 'SIGTERM' : 'SIGKILL',
    maxBuffer: MAX_PRINTED_BYTES,
    // No person is there to type a password.
    env: { ...childEnvironment(), LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', ...(!writes && reads), [GIT_MARKER]: marker },
  } as const;
  return async (cwd, ...args) => {
    const all = writes ? args : ['-c', 'core.fsmonitor=false', ...args];
    const ran = promisify(execFile)('git', all, { cwd, ...options });
    const { child } = ran;
    child.stdin?.end();
    try {
      return (await ran).stdout;
    } catch (error) {
      const runs = child.pid !== undefined && child.exitCode === null && child.signalCode === null;
      if (runs) await Promise.race([once(child, 'exit'), sleep(ENDS_WITHIN_MS, undefined, { ref: false })]);
      throw error;
    }
  };
}

/** What git printed on stderr, in one line, or why it did not run. */
export function saidByGit(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message?: string };
  if (message === 'spawn git ENOENT') return 'git is not on PATH, or the directory is gone';
  const said = (stderr?.trim() || message) ?? String(error);
  return said.replace(/\s+/g, ' ').slice(0, 400);
}
