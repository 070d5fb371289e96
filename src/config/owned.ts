/** Refuses files that another user could have written. */
import type { Stats } from 'node:fs';
import { failure } from '../contract/failures.js';
import { ConfigInvalid } from './invalid.js';
import { shellWord } from '../contract/shell-word.js';

const OTHERS_WRITE = 0o002;
const GROUP_WRITES = 0o020;
const ROOT = 0;

/**
 * Root may own the file, because root can do everything anyway.
 * @throws ConfigInvalid CONFIG_UNSAFE
 */
export function ensureOwn(path: string, { uid, gid, mode }: Pick<Stats, 'uid' | 'gid' | 'mode'>): void {
  const user = process.getuid?.();
  if (user === undefined) return;
  const unsafe = (message: string, fix: string) => new ConfigInvalid(failure('CONFIG_UNSAFE', message, fix));
  const word = shellWord(path);
  if (uid !== user && uid !== ROOT) {
    const fix = `Work as that user, or take it over once you have read it: sudo chown ${user} ${word}`;
    throw unsafe(`${path} belongs to user ${uid}, and you are user ${user}. So it is not used as config.`, fix);
  }
  if (mode & OTHERS_WRITE || (mode & GROUP_WRITES && !isPrivateGroup(gid, user))) {
    throw unsafe(`Other users can write ${path}. So it is not used as config.`, `Run: chmod go-w ${word}`);
  }
}

/**
 * Many Linux systems give each user a group with the user's own number, and let that group write
 * the user's files.
 */
function isPrivateGroup(gid: number, user: number): boolean {
  return gid === user && gid !== ROOT;
}
