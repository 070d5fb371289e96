/**
 * The directories in which we look for programs. A relative or empty entry of PATH means the
 * working directory, which may be a stranger's project. A program in it must not run because of its
 * name.
 */
import { delimiter, isAbsolute } from 'node:path';

export interface SearchPath {
  /** The absolute entries, in their order. */
  folders: string[];
  /**
   * Words for a message that says which entries were not searched. Empty when all entries are
   * absolute.
   */
  passedOver: string;
}

export function searchPathOf(env: Readonly<Record<string, string | undefined>>): SearchPath {
  const entries = env['PATH'] ? env['PATH'].split(delimiter) : [];
  const relative = entries.filter((entry) => !isAbsolute(entry));
  return {
    folders: entries.filter((entry) => isAbsolute(entry)),
    passedOver:
      relative.length === 0
        ? ''
        : `Relative entries of PATH are not searched: ${relative.map((entry) => JSON.stringify(entry)).join(', ')}`,
  };
}

/**
 * The environment for our own tools that start by name, such as `ps` and `tar`. Agents and checks
 * keep the user's PATH.
 */
export function withSearchPath<E extends Readonly<Record<string, string | undefined>>>(env: E): E & { PATH: string } {
  // An empty PATH would mean the working directory again.
  return { ...env, PATH: searchPathOf(env).folders.join(delimiter) || '/usr/bin:/bin' };
}
