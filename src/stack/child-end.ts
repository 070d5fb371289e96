import type { ChildProcess } from 'node:child_process';

/** How a child process ended: `by SIGKILL`, `with exit code 1`. Ends a sentence. Never rejects. */
export function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`before it started: ${error.message}`));
    child.once('exit', (code, signal) => resolve(signal ? `by ${signal}` : `with exit code ${code}`));
  });
}
