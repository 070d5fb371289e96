/** Finds git work trees without running git, so that the answer is fast and never fails. */
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** `.git` is a directory, and in linked work trees and submodules a file. */
export function workTreeOf(directory: string): string | undefined {
  if (existsSync(join(directory, '.git'))) return directory;
  const parent = dirname(directory);
  return parent === directory ? undefined : workTreeOf(parent);
}

/** The place in which a turn works: the root of its git work tree, or its directory outside of git. */
export async function placeOf(cwd: string): Promise<string> {
  const here = await realpath(cwd).catch(() => cwd); // ENOENT: it is named as it was.
  return workTreeOf(here) ?? here;
}
