/** The directories for data, cache, config and state. */
import { isAbsolute, join, resolve } from 'node:path';
import { failed } from '../contract/failures.js';
import type { Environment } from './environment.js';
import { homeOf, whyNoHome } from './home.js';
import { fromHere } from './working-directory.js';

interface DataDirSource {
  dataDir?: string;
  cwd?: string;
  env?: Environment;
}

/** Relative to the home directory. `XDG_*_HOME` takes precedence. */
const BELOW_HOME = {
  darwin: {
    data: 'Library/Application Support',
    cache: 'Library/Caches',
    config: 'Library/Preferences',
    state: 'Library/Application Support',
  },
  others: { data: '.local/share', cache: '.cache', config: '.config', state: '.local/state' },
};
type Kind = keyof typeof BELOW_HOME.others;

/**
 * The data directory: `dataDir`, else `CONTINUITY_DATA_DIR`, else the user's data directory. The
 * path is absolute and may not exist yet.
 *
 * @throws Failed SETUP_INCOMPLETE when the user's data directory is needed and there is no home
 * directory
 */
export function dataDirOf({ dataDir, cwd, env = process.env }: DataDirSource = {}): string {
  const named = dataDir || env.CONTINUITY_DATA_DIR;
  if (named) return cwd === undefined ? fromHere(named) : resolve(cwd, named);
  return ownDirectory('data', env) ?? noHome('data', env, 'name a directory with --data-dir (CONTINUITY_DATA_DIR)');
}

/**
 * The directory for files that can be downloaded again: `CONTINUITY_CACHE_DIR`, else the user's
 * cache directory.
 * @throws Failed SETUP_INCOMPLETE when there is no home directory
 */
export function cacheDirOf(env: Environment = process.env): string {
  if (env.CONTINUITY_CACHE_DIR) return fromHere(env.CONTINUITY_CACHE_DIR);
  return ownDirectory('cache', env) ?? noHome('programs', env, 'name a directory with CONTINUITY_CACHE_DIR');
}

/**
 * The user's own config directory. Config files in it need no trust and may be programs. Undefined
 * when the user has no home directory.
 */
export function userConfigDirOf(env: Environment = process.env): string | undefined {
  return ownDirectory('config', env);
}

/**
 * The directory for the user's decisions, such as trust. They apply to every data directory.
 * Undefined when the user has no home directory.
 */
export function stateDirOf(env: Environment = process.env): string | undefined {
  return ownDirectory('state', env);
}

/** The XDG Base Directory Specification says that a relative `XDG_*_HOME` is ignored. */
function ownDirectory(kind: Kind, env: Environment): string | undefined {
  const said = env[`XDG_${kind.toUpperCase()}_HOME`];
  if (said && isAbsolute(said)) return join(said, 'continuity');
  const home = homeOf(env);
  const below = BELOW_HOME[process.platform === 'darwin' ? 'darwin' : 'others'];
  return home === undefined ? undefined : join(home, below[kind], 'continuity');
}

export function noHome(what: string, env: Environment, other: string): never {
  throw failed(
    'SETUP_INCOMPLETE',
    `There is no home directory to keep ${what} in: ${whyNoHome(env)}.`,
    `Set HOME, or ${other}.`,
  );
}
