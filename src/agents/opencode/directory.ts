import { stat } from 'node:fs/promises';
import { failure } from '../../contract/failures.js';
import { AgentError } from '../agent.js';

/** OpenCode would answer all the same from a directory that is not there. @throws AgentError CWD_MISSING */
export async function checkDirectory(directory: string): Promise<void> {
  const found = await stat(directory).catch(() => undefined); // ENOENT, ENOTDIR, EACCES: no directory to work in.
  if (!found?.isDirectory()) throw new AgentError(failure('CWD_MISSING', `The working directory ${directory} is not there.`), false);
}
