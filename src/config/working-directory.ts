import { isAbsolute, resolve } from 'node:path';
import { failure } from '../contract/failures.js';
import { ConfigInvalid } from './invalid.js';

/** The directory of this process. @throws ConfigInvalid CWD_MISSING where it was deleted under the process */
export function workingDirectory(): string {
  try {
    return process.cwd();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'was deleted' : `cannot be found: ${message}`;
    const fix = 'Change to a directory that exists, or name one by its absolute path with --cwd.';
    throw new ConfigInvalid(failure('CWD_MISSING', `The working directory of this process ${why}.`, fix), { cause });
  }
}

/** From the working directory, which need not exist where the path is absolute. @throws ConfigInvalid CWD_MISSING */
export function fromHere(path: string): string {
  return isAbsolute(path) ? resolve(path) : resolve(workingDirectory(), path);
}
