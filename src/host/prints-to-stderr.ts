/** Keeps what other people's code prints out of stdout, which holds the answer and nothing else. */
import { AsyncLocalStorage } from 'node:async_hooks';

const foreign = new AsyncLocalStorage<true>();
let guarded = false;

/**
 * What `work` prints goes to stderr, also what its timers and promises print after it has ended. All other code of the
 * process goes on to write to stdout meanwhile, such as an MCP server that answers another call.
 */
export function printsToStderr<T>(work: () => Promise<T>): Promise<T> {
  if (!guarded) guard(process.stdout);
  guarded = true;
  return foreign.run(true, work);
}

function guard(stdout: NodeJS.WriteStream): void {
  const write = stdout.write.bind(stdout);
  stdout.write = ((...written: Parameters<typeof write>) => (foreign.getStore() ? process.stderr.write(...written) : write(...written))) as typeof write;
}
