/**
 * Runs one check, as a person would in a terminal of their own, but without one: there is no input, and no terminal to be opened. It ends by
 * itself or is ended, by its time limit, by what it prints, or because nobody wants it any more; with all that it started.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { CHECK_MARKER, killTree, treeRuns } from '../agents/process-tree.js';
import { milliseconds } from '../contract/duration.js';
import type { TopicId } from '../contract/ids.js';
import { DEFAULT_CHECK_TIMEOUT_MS } from '../contract/limits.js';
import type { Check, CheckRun } from '../contract/types.js';
import { CheckOutput } from './check-output.js';

const MAX_PRINTED_BYTES = 100 * 1024 * 1024;
/** What still runs by then was left behind; the last of a pipeline may end a moment after the shell. */
const MAY_LINGER_MS = 300;

export interface Running {
  cwd: string;
  /** The same for each attempt: what one before has left running is ended first. */
  marker: string;
  /** Ends it; then this throws the signal's reason. */
  signal: AbortSignal;
  onOutput: (lastLine: string) => void;
}

/** The checks of a topic run one after the other: one marker tells them all. */
export function checkMarkerOf(topic: TopicId): string {
  return createHash('sha256').update(JSON.stringify(['checks', topic])).digest('hex').slice(0, 32);
}

/** Ends what a check of a topic has left running, such as one whose worker died. */
export async function endChecks(topic: TopicId): Promise<void> {
  await killTree(`${CHECK_MARKER}=${checkMarkerOf(topic)}`);
}

/** @throws the signal's reason; Error when there is no shell to run it */
export async function runCheck({ run, timeout }: Check, { cwd, marker, signal, onOutput }: Running): Promise<CheckRun> {
  const entry = `${CHECK_MARKER}=${marker}`;
  await killTree(entry);
  signal.throwIfAborted();
  const since = performance.now();
  const limitMs = timeout === undefined ? DEFAULT_CHECK_TIMEOUT_MS : milliseconds(timeout);
  const output = new CheckOutput();
  let stopped: string | undefined;

  // A session of its own (`detached`) has no terminal: what asks for one is told that there is none, instead of waiting.
  const child = spawn(run, { shell: true, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, [CHECK_MARKER]: marker } });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const closed = once(child, 'close').catch(() => undefined); // It could not be started: `exited` says so.
  const stop = (why: string) => {
    stopped ??= why;
    void killTree(entry, child.pid);
  };
  const take = (chunk: Buffer) => {
    output.add(chunk);
    onOutput(output.lastLine());
    if (output.bytes > MAX_PRINTED_BYTES) stop(`it printed more than ${MAX_PRINTED_BYTES / 1024 / 1024} MiB`);
  };
  const abort = () => stop('nobody waits for it any more');
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  signal.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => stop(`it ran longer than ${readable(limitMs)}`), limitMs);
  try {
    const [code, killedBy] = await exited;
    const leftBehind = await endRest(entry, child.pid);
    await Promise.race([closed, sleep(1000, undefined, { ref: false })]); // Its pipe may be held by a process that can't be told from others.
    signal.throwIfAborted();
    const text = output.text();
    return {
      run,
      passed: code === 0 && stopped === undefined,
      exit_code: stopped === undefined ? code : null,
      ...(stopped !== undefined && { stopped }),
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

/** @returns how many did not end by themselves */
async function endRest(entry: string, leader?: number): Promise<number> {
  for (const end = performance.now() + MAY_LINGER_MS; performance.now() < end && treeRuns(entry); ) await sleep(20);
  return killTree(entry, leader);
}

function readable(ms: number): string {
  return ms < 60_000 ? `${ms / 1000} s` : `${Math.round(ms / 6000) / 10} min`;
}
