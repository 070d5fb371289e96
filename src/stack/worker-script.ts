import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stackError } from './stack-error.js';

/** The script as it is built; a source checkout has it in `dist`, too. */
export function workerScript(): string {
  const candidates = ['../../workers/session-worker.js', '../../dist/workers/session-worker.js'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const script = candidates.find((path) => existsSync(path));
  if (script === undefined) throw stackError('SETUP_INCOMPLETE', 'The worker is not built: workers/session-worker.js is missing from dist.', 'Run: npm run build');
  return script;
}
