/** Keeps the output of foreign code out of stdout. stdout holds the answer and nothing else. */
import { AsyncLocalStorage } from 'node:async_hooks';

const foreign = new AsyncLocalStorage<true>();
let guarded = false;

/**
 * Sends everything that `work` prints to stderr, including what its timers and promises print after
 * it has ended. All other code, such as an MCP server that answers another call, still writes to
 * stdout.
 */
export function printsToStderr<T>(work: () => Promise<T>): Promise<T> {
  if (!guarded) guard(process.stdout);
  guarded = true;
  return foreign.run(true, work);
}

function guard(stdout: NodeJS.WriteStream): void {
  const write = stdout.write.bind(stdout);
  stdout.write = ((...written: Parameters<typeof write>) =>
    foreign.getStore() ? process.stderr.write(...written) : write(...written)) as typeof write;
}
