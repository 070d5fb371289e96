/**
 * Ends a waiting command on Ctrl-C or SIGTERM. The first signal stops the waiting, a second ends
 * the command at once.
 */
import { constants } from 'node:os';
import type { Output } from './terminal/output.js';

/** The exit code with which a shell reports a program that Ctrl-C ended. */
export const LEFT = 130;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Of a command that has to clear up when its terminal is closed. `nohup` does not keep it then. */
const AND_HANGUP = [...SIGNALS, 'SIGHUP'] as const;

/** Runs `work`, and prints `said` when it was stopped before its end. @returns the exit code */
export function unlessStopped(output: Output, said: string, work: (signal: AbortSignal) => Promise<void>) {
  return untilInterrupted(async (signal) => {
    try {
      await work(signal);
      return 0;
    } catch (error) {
      if (!signal.aborted) throw error;
      output.note(said);
      return LEFT;
    }
  }, AND_HANGUP);
}

/** @returns the exit code of the work. When that is `LEFT`, the exit code of the signal. */
export async function untilInterrupted(
  work: (signal: AbortSignal) => Promise<number>,
  names: readonly NodeJS.Signals[] = SIGNALS,
): Promise<number> {
  const interrupted = new AbortController();
  let left = LEFT;
  const interrupt = (name: NodeJS.Signals) => {
    left = 128 + constants.signals[name];
    if (interrupted.signal.aborted) process.exit(left);
    interrupted.abort();
  };
  for (const name of names) process.on(name, interrupt);
  try {
    const exit = await work(interrupted.signal);
    return exit === LEFT ? left : exit;
  } finally {
    for (const name of names) process.off(name, interrupt);
  }
}
