/** Where the user's home directory is, and why there is none. A service or a container may run as a user that the system does not know. */
import { userInfo } from 'node:os';
import { isAbsolute } from 'node:path';

/**
 * `HOME` where it is set, else what the system says of this user. A relative `HOME` counts as none: the files of one
 * user would be in another place for each working directory.
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

/** The rest of a sentence about what needs a home directory. */
export function whyNoHome(env: Readonly<Record<string, string | undefined>>): string {
  const said = env['HOME'];
  if (said) return `HOME is ${JSON.stringify(said)}, which is not absolute`;
  return `HOME is not set, and the system knows none of uid ${process.getuid?.() ?? '?'}`;
}
