/**
 * Ends a waiting command on Ctrl-C or SIGTERM. The first signal stops the waiting, a second ends
 * the command at once.
 */
import { constants } from 'node:os';

/** The exit code with which a shell reports a program that Ctrl-C ended. */
export const LEFT = 130;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** @returns the exit code of the work. When that is `LEFT`, the exit code of the signal. */
export async function untilInterrupted(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const interrupted = new AbortController();
  let left = LEFT;
  const interrupt = (name: (typeof SIGNALS)[number]) => {
    left = 128 + constants.signals[name];
    if (interrupted.signal.aborted) process.exit(left);
    interrupted.abort();
  };
  for (const name of SIGNALS) process.on(name, interrupt);
  try {
    const exit = await work(interrupted.signal);
    return exit === LEFT ? left : exit;
  } finally {
    for (const name of SIGNALS) process.off(name, interrupt);
  }
}
