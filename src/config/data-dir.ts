/** Where things are kept. */
import { join, resolve } from 'node:path';
import envPaths from 'env-paths';

export type Environment = NodeJS.ProcessEnv;

interface DataDirSource {
  dataDir?: string;
  cwd?: string;
  env?: Environment;
}

/** What the caller says, else `CONTINUITY_DATA_DIR`, else the user's data directory. Absolute; it may not exist yet. */
export function dataDirOf({ dataDir, cwd = process.cwd(), env = process.env }: DataDirSource = {}): string {
  return resolve(cwd, dataDir || env.CONTINUITY_DATA_DIR || envPaths('continuity', { suffix: '' }).data);
}

/** For what can be fetched again: `CONTINUITY_CACHE_DIR`, else the user's cache directory. */
export function cacheDirOf(env: Environment = process.env): string {
  return resolve(env.CONTINUITY_CACHE_DIR || envPaths('continuity', { suffix: '' }).cache);
}

/** The user's own config directory. Its files may be programs, and need no trust. */
export function userConfigDirOf(env: Environment = process.env): string {
  return env.XDG_CONFIG_HOME ? join(env.XDG_CONFIG_HOME, 'continuity') : envPaths('continuity', { suffix: '' }).config;
}

/** For what a command remembers of the user's decisions, on every data directory. */
export function stateDirOf(env: Environment = process.env): string {
  if (env.XDG_STATE_HOME) return join(env.XDG_STATE_HOME, 'continuity');
  const { log, data } = envPaths('continuity', { suffix: '' });
  // On Linux env-paths has the state directory under the name `log`. Elsewhere `log` is a directory that may be emptied.
  return process.platform === 'linux' ? log : data;
}
