import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stackError } from './stack-error.js';

/** The program as it is built; a source checkout has it in `dist`, too. */
export function workerScript(): string {
  return fileURLToPath(builtWorker('session-worker.js'));
}

/**
 * Runs a worker in this process, so that nothing is between the process that a service manager started and the lock of the data directory.
 *
 * @returns the exit code with which the process must end
 */
export async function runWorkerHere(args: string[]): Promise<number> {
  const { main } = (await import(builtWorker('main.js').href)) as { main: (args: string[]) => Promise<number> };
  return main(args);
}

/** @throws StackError SETUP_INCOMPLETE */
function builtWorker(file: string): URL {
  const candidates = [`../../workers/${file}`, `../../dist/workers/${file}`].map((path) => new URL(path, import.meta.url));
  const built = candidates.find((url) => existsSync(url));
  if (built === undefined) throw stackError('SETUP_INCOMPLETE', `The worker is not built: workers/${file} is missing from dist.`, 'Run: npm run build');
  return built;
}
