/** Whether files are for their owner alone. */
import { lstat } from 'node:fs/promises';
import { shellWord } from './shell-word.js';

/** What makes a path open to others, and what mends it. */
export interface OpenToOthers {
  path: string;
  /** The rest of a sentence that begins with the path. */
  what: string;
  /** A shell command; left out for a symbolic link, where only the user knows what was meant. */
  command?: string;
}

/** What to do about all of them. */
export function mending(problems: readonly OpenToOthers[], aboutLinks: string): string {
  const commands = problems.flatMap(({ command }) => command ?? []);
  return commands.length < problems.length ? aboutLinks : `Run: ${commands.join(' && ')}`;
}

/** `secret`: no bit for group and others. `own`: the owner and the kind only, because the directory around it is closed. */
export type Closed = 'secret' | 'own';

/** Paths that are not there are fine. */
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
  if (found.uid !== user) return { path, what: `it belongs to user ${found.uid}, and you are user ${user}`, command: `sudo chown ${user} ${word}` };
  if (closed === 'own' || (found.mode & 0o077) === 0) return undefined;
  const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
  return { path, what: `other users may use it (its mode is ${mode})`, command: `chmod go= ${word}` };
}
