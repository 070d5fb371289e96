/** Working directories: where relative paths start, and the one wording of CWD_MISSING. */
import { stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { Failed, failure, type Failure } from '../contract/failures.js';

/** The failure CWD_MISSING. `which` is a path; `why` ends the sentence. */
export function cwdMissing(which: string, why = 'does not exist', fix?: string): Failure {
  return failure('CWD_MISSING', `Working directory ${which} ${why}.`, fix);
}

/**
 * CWD_MISSING when no work can be done in `directory`. Call it before an agent starts, because some
 * agents also answer without a directory. Pass `host` when the caller may be on another host.
 */
export async function failureOfDirectory(directory: string, host?: string): Promise<Failure | undefined> {
  const found = await stat(directory).catch(() => undefined); // ENOENT, ENOTDIR, EACCES: no directory to work in.
  if (found?.isDirectory()) return undefined;
  const why = found ? 'is not a directory' : 'does not exist';
  return cwdMissing(directory, host === undefined ? why : `${why} on host ${host}`);
}

/**
 * The directory of this process.
 * @throws Failed CWD_MISSING when the directory was deleted
 */
export function workingDirectory(): string {
  try {
    return process.cwd();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'was deleted' : `cannot be found: ${message}`;
    const fix = 'Change to a directory that exists, or name one by its absolute path with --cwd.';
    throw new Failed(cwdMissing('of this process', why, fix), { cause });
  }
}

/**
 * `path`, resolved from the working directory. An absolute path needs no working directory.
 * @throws Failed CWD_MISSING
 */
export function fromHere(path: string): string {
  return isAbsolute(path) ? resolve(path) : resolve(workingDirectory(), path);
}
