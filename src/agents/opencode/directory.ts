import { stat } from 'node:fs/promises';
import { failure, type Failure } from '../../contract/failures.js';

/** CWD_MISSING where it is no directory. OpenCode would answer all the same, from nowhere. */
export async function failureOfDirectory(directory: string): Promise<Failure | undefined> {
  const found = await stat(directory).catch(() => undefined); // ENOENT, ENOTDIR, EACCES: no directory to work in.
  return found?.isDirectory() ? undefined : failure('CWD_MISSING', `The working directory ${directory} is not there.`);
}
