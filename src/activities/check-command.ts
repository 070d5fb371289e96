/**
 * Runs one check like a person's own command, but without input and without a terminal. The check
 * ends by itself, or is ended with all its processes: by its time limit, by the size of its output,
 * or because its turn was cancelled.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnvironment } from '../host/environment.js';
import { Excerpt, type ExcerptSize } from '../host/excerpt.js';
import { CHECK_MARKER, killTree, treeRuns } from '../host/process-tree.js';
import { defined } from '../contract/defined.js';
import { milliseconds } from '../contract/duration.js';
import type { TopicId } from '../contract/ids.js';
import { DEFAULT_CHECK_TIMEOUT_MS, MAX_CHECK_OUTPUT_BYTES } from '../contract/limits.js';
import type { Check, CheckRun } from '../contract/checks.js';

/**
 * A quarter of what an outcome may hold of an output is its beginning. 100 bytes are left for the
 * line in between.
 */
export const EXCERPT: ExcerptSize = {
  head: MAX_CHECK_OUTPUT_BYTES / 4,
  tail: (MAX_CHECK_OUTPUT_BYTES * 3) / 4 - 100,
};
const MAX_PRINTED_BYTES = 100 * 1024 * 1024;
/**
 * How long processes of the check may outlive its shell. A process that still runs after this time
 * was left behind. The last process of a pipeline may end a moment after the shell.
 */
const MAY_LINGER_MS = 300;

export interface Running {
  cwd: string;
  /** The same in every attempt, so that an attempt can end the processes of the one before. */
  marker: string;
  /** Ends the check. `runCheck` then throws the signal's reason. */
  signal: AbortSignal;
  onOutput: (lastLine: string) => void;
}

/**
 * The marker of all checks of a topic. One marker is enough, because its checks run one after the
 * other.
 */
export function checkMarkerOf(topic: TopicId): string {
  return createHash('sha256')
    .update(JSON.stringify(['checks', topic]))
    .digest('hex')
    .slice(0, 32);
}

/** Ends processes that a check of the topic left running, such as a check whose worker died. */
export async function endChecks(topic: TopicId): Promise<void> {
  await killTree(`${CHECK_MARKER}=${checkMarkerOf(topic)}`);
}

/** @throws the signal's reason; Error when the shell cannot be started */
export async function runCheck({ run, timeout }: Check, { cwd, marker, signal, onOutput }: Running): Promise<CheckRun> {
  const entry = `${CHECK_MARKER}=${marker}`;
  await killTree(entry);
  signal.throwIfAborted();
  const since = performance.now();
  const limitMs = timeout === undefined ? DEFAULT_CHECK_TIMEOUT_MS : milliseconds(timeout);
  const output = new Excerpt(EXCERPT);
  let stopped: string | undefined;

  // A session of its own (`detached`) has no terminal. A program that asks for one gets an error
  // instead of waiting for input.
  const child = spawn(run, {
    shell: true,
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...childEnvironment(), [CHECK_MARKER]: marker },
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  // The shell could not be started: `exited` rejects with the reason.
  const closed = once(child, 'close').catch(() => undefined);
  const stop = (why: string) => {
    stopped ??= why;
    void killTree(entry, child.pid);
  };
  const take = (chunk: Buffer) => {
    output.add(chunk);
    onOutput(output.lastLine());
    if (output.bytes > MAX_PRINTED_BYTES) stop(`it printed more than ${MAX_PRINTED_BYTES / 1024 / 1024} MiB`);
  };
  const abort = () => stop('its turn was cancelled or detached');
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  signal.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => stop(`it ran longer than ${readable(limitMs)}`), limitMs);
  try {
    const [code, killedBy] = await exited;
    const leftBehind = await endRest(entry, child.pid);
    // A process that has lost our marker may hold the pipe open.
    await Promise.race([closed, sleep(1000, undefined, { ref: false })]);
    signal.throwIfAborted();
    const text = output.text();
    return {
      run,
      passed: code === 0 && stopped === undefined,
      exit_code: stopped === undefined ? code : null,
      ...defined({ stopped }),
      ...(stopped === undefined && killedBy !== null && { stopped: `it was ended by ${killedBy}` }),
      ...(text !== '' && { output: text }),
      output_bytes: output.bytes,
      ...(leftBehind > 0 && stopped === undefined && { left_behind: leftBehind }),
      duration_ms: Math.round(performance.now() - since),
    };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

/** @returns how many processes did not end by themselves */
async function endRest(entry: string, leader?: number): Promise<number> {
  for (const end = performance.now() + MAY_LINGER_MS; performance.now() < end && treeRuns(entry);) await sleep(20);
  return killTree(entry, leader);
}

function readable(ms: number): string {
  return ms < 60_000 ? `${ms / 1000} s` : `${Math.round(ms / 6000) / 10} min`;
}
