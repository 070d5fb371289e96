import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { failure } from '../contract/failures.js';
import { AgentError } from './agent.js';

/**
 * A temporary directory that only its owner can use. It is removed when its scope ends.
 *
 * @throws AgentError SETUP_INCOMPLETE when TMPDIR cannot be used
 */
export async function temporaryDirectory(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(resolve(tmpdir(), 'continuity-')).catch((cause: Error) => {
    const message = `The directory for temporary files cannot be used: ${cause.message}.`;
    throw new AgentError(failure('SETUP_INCOMPLETE', message, 'Create it, or name another with TMPDIR.'), false, {
      cause,
    });
  });
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
