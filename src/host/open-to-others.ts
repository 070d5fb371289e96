/** Finds paths that other users can read or replace. */
import { lstat } from 'node:fs/promises';
import { shellWord } from '../contract/shell-word.js';

/** A path that other users can read or replace, and the command that closes it. */
export interface OpenToOthers {
  path: string;
  /** Ends a sentence that begins with the path. */
  what: string;
  /**
   * A shell command. Undefined for a symbolic link, because only the user knows where it should
   * point.
   */
  command?: string;
}

/** The fix for all problems together. `aboutLinks` is used when one of them is a symbolic link. */
export function mending(problems: readonly OpenToOthers[], aboutLinks: string): string {
  const commands = problems.flatMap(({ command }) => command ?? []);
  return commands.length < problems.length ? aboutLinks : `Run: ${commands.join(' && ')}`;
}

/**
 * - `secret`: group and others have no permission.
 * - `own`: only the owner and the file type are checked, because the directory around is closed.
 */
export type Closed = 'secret' | 'own';

/** A path that does not exist is no problem. */
export async function openToOthers(paths: readonly string[], closed: Closed = 'secret'): Promise<OpenToOthers[]> {
  const found = await Promise.all(paths.map((path) => lookAt(path, closed)));
  return found.filter((problem) => problem !== undefined);
}

async function lookAt(path: string, closed: Closed): Promise<OpenToOthers | undefined> {
  const user = process.getuid?.();
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (user === undefined || !found) return undefined;
  const word = shellWord(path);
  if (found.isSymbolicLink()) return { path, what: 'it is a symbolic link' };
  if (found.uid !== user)
    return {
      path,
      what: `it belongs to user ${found.uid}, and you are user ${user}`,
      command: `sudo chown ${user} ${word}`,
    };
  if (closed === 'own' || (found.mode & 0o077) === 0) return undefined;
  const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
  return { path, what: `other users may use it (its mode is ${mode})`, command: `chmod go= ${word}` };
}
