/** Where things are kept. */
import { resolve } from 'node:path';
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
