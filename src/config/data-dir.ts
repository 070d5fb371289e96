/** Where things are kept. */
import { isAbsolute, join, resolve } from 'node:path';
import { failure } from '../contract/failures.js';
import { homeOf, whyNoHome } from '../host/home.js';
import { ConfigInvalid } from './invalid.js';
import { fromHere } from './working-directory.js';

export type Environment = NodeJS.ProcessEnv;

interface DataDirSource {
  dataDir?: string;
  cwd?: string;
  env?: Environment;
}

/** By platform: the directory below the home directory. `XDG_*_HOME` goes before it. */
const BELOW_HOME = {
  darwin: { data: 'Library/Application Support', cache: 'Library/Caches', config: 'Library/Preferences', state: 'Library/Application Support' },
  others: { data: '.local/share', cache: '.cache', config: '.config', state: '.local/state' },
};
type Kind = keyof typeof BELOW_HOME.others;

/**
 * What the caller says, else `CONTINUITY_DATA_DIR`, else the user's data directory. Absolute; it may not exist yet.
 *
 * @throws ConfigInvalid SETUP_INCOMPLETE where that takes a home directory, and the user has none
 */
export function dataDirOf({ dataDir, cwd, env = process.env }: DataDirSource = {}): string {
  const named = dataDir || env.CONTINUITY_DATA_DIR;
  if (named) return cwd === undefined ? fromHere(named) : resolve(cwd, named);
  return ownDirectory('data', env) ?? noHome('data', env, 'name a directory with --data-dir (CONTINUITY_DATA_DIR)');
}

/** For what can be fetched again: `CONTINUITY_CACHE_DIR`, else the user's cache directory. @throws ConfigInvalid SETUP_INCOMPLETE */
export function cacheDirOf(env: Environment = process.env): string {
  if (env.CONTINUITY_CACHE_DIR) return fromHere(env.CONTINUITY_CACHE_DIR);
  return ownDirectory('cache', env) ?? noHome('programs', env, 'name a directory with CONTINUITY_CACHE_DIR');
}

/** The user's own config directory. Its files may be programs, and need no trust. A user without a home directory has none. */
export function userConfigDirOf(env: Environment = process.env): string | undefined {
  return ownDirectory('config', env);
}

/** For what a command remembers of the user's decisions, on every data directory. A user without a home directory has none. */
export function stateDirOf(env: Environment = process.env): string | undefined {
  return ownDirectory('state', env);
}

/** A relative `XDG_*_HOME` is ignored, as the XDG Base Directory Specification has it. */
function ownDirectory(kind: Kind, env: Environment): string | undefined {
  const said = env[`XDG_${kind.toUpperCase()}_HOME`];
  if (said && isAbsolute(said)) return join(said, 'continuity');
  const home = homeOf(env);
  const below = BELOW_HOME[process.platform === 'darwin' ? 'darwin' : 'others'];
  return home === undefined ? undefined : join(home, below[kind], 'continuity');
}

export function noHome(what: string, env: Environment, other: string): never {
  throw new ConfigInvalid(failure('SETUP_INCOMPLETE', `There is no home directory to keep ${what} in: ${whyNoHome(env)}.`, `Set HOME, or ${other}.`));
}
