import { failed } from '../contract/failures.js';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The built worker. A source checkout has it in `dist`. */
export function workerScript(): string {
  return fileURLToPath(builtWorker('session-worker.js'));
}

/**
 * Runs a worker in this process. The process that a service manager started then holds the data
 * directory's lock itself.
 *
 * @returns the exit code with which the process must end
 */
export async function runWorkerHere(args: string[]): Promise<number> {
  const { main } = (await import(builtWorker('main.js').href)) as { main: (args: string[]) => Promise<number> };
  return main(args);
}

/** @throws Failed SETUP_INCOMPLETE */
function builtWorker(file: string): URL {
  const candidates = [`../../workers/${file}`, `../../dist/workers/${file}`].map(
    (path) => new URL(path, import.meta.url),
  );
  const built = candidates.find((url) => existsSync(url));
  if (built === undefined)
    throw failed(
      'SETUP_INCOMPLETE',
      `The worker is not built: workers/${file} is missing from dist.`,
      'Run: npm run build',
    );
  return built;
}
