/**
 * Files and environment → typed config, once, at the edge. Imported by the worker, the client and the CLI; imports `contract`.
 */
import { dataDirOf } from './config/data-dir.js';
import { readConfigFile } from './config/file.js';
import { settle } from './config/settle.js';
import type { Config } from './config/types.js';

export { checkProofOf, isCheckProof } from './config/check-proof.js';
export { cacheDirOf } from './config/data-dir.js';
export { ConfigInvalid } from './config/invalid.js';
export { projectOf } from './config/project.js';
export { MOST_TURNS_PER_HOST } from './config/types.js';
export type { AgentConfig, CategoryConfig, Config, Limits } from './config/types.js';

export interface ConfigSource {
  /** Where the search for `continuity.config.*` starts, upwards. Default: the process's own directory. */
  cwd?: string;
  /** What the caller says explicitly; goes before the environment. */
  dataDir?: string;
  env?: NodeJS.ProcessEnv;
}

/**
 * The file that `CONTINUITY_CONFIG` names, else the nearest `continuity.config.*` from `cwd` upwards to the home
 * directory, else `config.*` of the user's config directory, else the defaults.
 *
 * @throws ConfigInvalid that lists every bad field
 */
export async function loadConfig({ cwd = process.cwd(), dataDir, env = process.env }: ConfigSource = {}): Promise<Config> {
  const read = await readConfigFile(cwd, env);
  return settle(read, dataDirOf({ ...(dataDir !== undefined && { dataDir }), cwd, env }));
}
