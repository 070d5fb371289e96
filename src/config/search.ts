/**
 * Lists the directories that are searched for a project's config. A directory of another project or
 * user is never among them.
 */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * From `cwd` up to the root of its git work tree or to the home directory, whichever comes first,
 * both included. Outside of both, only `cwd`. In linked work trees and submodules `.git` is a file.
 */
export function searchedDirectories(cwd: string, home: string | undefined): string[] {
  const homes = home === undefined ? [] : [home, ...(existsSync(home) ? [realpathSync(home)] : [])];
  const way: string[] = [];
  for (let directory = resolve(cwd); dirname(directory) !== directory; directory = dirname(directory)) {
    way.push(directory);
    if (homes.includes(directory) || existsSync(join(directory, '.git'))) return way;
  }
  return [resolve(cwd)];
}
