/**
 * Where programs are looked for by name. A relative or empty entry of PATH means the working directory, which may be
 * the project of a stranger: a program in it must not run because it has the right name.
 */
import { delimiter, isAbsolute } from 'node:path';

export interface SearchPath {
  /** The absolute entries, in their order. */
  folders: string[];
  /** Words for a message that says where a program was not looked for; empty where PATH has absolute entries only. */
  passedOver: string;
}

export function searchPathOf(env: Readonly<Record<string, string | undefined>>): SearchPath {
  const entries = env['PATH'] ? env['PATH'].split(delimiter) : [];
  const relative = entries.filter((entry) => !isAbsolute(entry));
  return {
    folders: entries.filter((entry) => isAbsolute(entry)),
    passedOver: relative.length === 0 ? '' : `Relative entries of PATH are not searched: ${relative.map((entry) => JSON.stringify(entry)).join(', ')}`,
  };
}

/** An environment for our own tools that are started by name, such as `ps` and `tar`. Agents and checks keep the PATH of the user. */
export function withSearchPath<E extends Readonly<Record<string, string | undefined>>>(env: E): E & { PATH: string } {
  // An empty PATH would mean the working directory again.
  return { ...env, PATH: searchPathOf(env).folders.join(delimiter) || '/usr/bin:/bin' };
}
