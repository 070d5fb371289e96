import type { ChildProcess } from 'node:child_process';

/** How a child ended, as the rest of a sentence: `by SIGKILL`, `with exit code 1`. Never rejects. */
export function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`before it began: ${error.message}`));
    child.once('exit', (code, signal) => resolve(signal ? `by ${signal}` : `with exit code ${code}`));
  });
}
