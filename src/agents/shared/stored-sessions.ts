/** What the drivers that keep a file for each session list alike. */
import { stat } from 'node:fs/promises';
import type { StoredSession } from '../agent.js';
import { isGone } from './file-head.js';

/** Characters of a first prompt: a list has one line for it. */
const MOST_CHARACTERS = 300;
/** Files that are read at the same time. */
const AT_ONCE = 16;

/** On one line, cut. */
export function firstPromptOf(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return [...line.slice(0, 2 * MOST_CHARACTERS)].slice(0, MOST_CHARACTERS).join('');
}

/** When the file was last written. undefined: it is gone. ISO 8601. */
export async function writtenAt(file: string): Promise<string | undefined> {
  try {
    return (await stat(file)).mtime.toISOString();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Newest first. A file that is no session gives nothing, and so does one that cannot be read. */
export async function sessionsIn(
  files: readonly string[],
  read: (file: string) => Promise<StoredSession | undefined>,
): Promise<StoredSession[]> {
  const found: StoredSession[] = [];
  for (let at = 0; at < files.length; at += AT_ONCE) {
    const some = await Promise.all(
      // EACCES, EISDIR, ELOOP, or lines that no agent writes: one file hides no other.
      files.slice(at, at + AT_ONCE).map((file) => read(file).catch(() => undefined)),
    );
    found.push(...some.flatMap((session) => session ?? []));
  }
  return newestFirst(found);
}

export function newestFirst(sessions: StoredSession[]): StoredSession[] {
  return sessions.sort((one, other) => other.updated_at.localeCompare(one.updated_at));
}
