/** The one way in which Ctrl-C ends a command that waits: the first stops the waiting, a second ends the command at once. */

/** As the shell reports a program that Ctrl-C ended. */
export const LEFT = 130;

export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupted = new AbortController();
  const interrupt = () => (interrupted.signal.aborted ? process.exit(LEFT) : interrupted.abort());
  process.on('SIGINT', interrupt);
  try {
    return await work(interrupted.signal);
  } finally {
    process.off('SIGINT', interrupt);
  }
}
