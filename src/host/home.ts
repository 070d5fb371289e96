/**
 * Finds the user's home directory, or says why there is none. A service or a container may run as a
 * uid that has no entry in the password file.
 */
import { userInfo } from 'node:os';
import { isAbsolute } from 'node:path';

/**
 * `HOME`, else the home directory of this uid. A relative `HOME` counts as none, because a user's
 * files would then move with the working directory.
 */
export function homeOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const said = env['HOME'];
  if (said) return isAbsolute(said) ? said : undefined;
  try {
    return userInfo().homedir || undefined;
  } catch {
    return undefined; // ERR_SYSTEM_ERROR, ENOENT: the password file has no entry for this uid.
  }
}

/** Ends a sentence about a home directory that is missing. */
export function whyNoHome(env: Readonly<Record<string, string | undefined>>): string {
  const said = env['HOME'];
  if (said) return `HOME is ${JSON.stringify(said)}, which is not absolute`;
  return `HOME is not set, and the system has no home directory for uid ${process.getuid?.() ?? '?'}`;
}
