/** Which project a directory belongs to: it keeps the same topic name in two projects apart. */
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Config } from './types.js';
import { failure } from '../contract/failures.js';
import { ConfigInvalid } from './invalid.js';

/**
 * The name that config gives to the directory its file is in (or to any, when it came from no file), else the root of
 * the git work tree, else the directory itself; links resolved.
 *
 * @throws ConfigInvalid CWD_MISSING
 */
export async function projectOf(cwd: string, { project, file }: Pick<Config, 'project' | 'file'>): Promise<string> {
  const here = await realpath(cwd).catch((cause: unknown) => {
    throw new ConfigInvalid(failure('CWD_MISSING', `Working directory ${cwd} does not exist.`), { cause });
  });
  if (project !== undefined && (file === undefined || within(await realpath(dirname(file)), here))) return project;
  return workTreeOf(here) ?? here;
}

function within(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way === '' || !(way === '..' || way.startsWith('../') || way.startsWith('..\\'));
}

/** `.git` is a directory, or a file in linked work trees and submodules. */
function workTreeOf(directory: string): string | undefined {
  if (existsSync(join(directory, '.git'))) return directory;
  const parent = dirname(directory);
  return parent === directory ? undefined : workTreeOf(parent);
}
