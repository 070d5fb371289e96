/**
 * Files and environment → typed config, once, at the edge. Imported by the worker, the client and the CLI; imports `contract`.
 */
import { dataDirOf } from './config/data-dir.js';
import { readConfigFile } from './config/file.js';
import { withoutTrust } from './config/needs-trust.js';
import { parsed, settle } from './config/settle.js';
import { isTrusted } from './config/trust.js';
import type { Config, Ignored } from './config/types.js';
import { workingDirectory } from './config/working-directory.js';

export { checkProofOf, isCheckProof, unlessUnsafe } from './config/check-proof.js';
export { cacheDirOf } from './config/data-dir.js';
export { ConfigInvalid } from './config/invalid.js';
export { ensurePrivate, unsafeDataDir } from './config/private-data-dir.js';
export { projectOf } from './config/project.js';
export { MOST_TURNS_PER_HOST } from './config/types.js';
export { fromHere, workingDirectory } from './config/working-directory.js';
export type { AgentConfig, CategoryConfig, Config, Ignored, Limits } from './config/types.js';

export interface ConfigSource {
  /** Where the search for `continuity.config.*` starts, upwards. Default: the process's own directory. */
  cwd?: string;
  /** What the caller says explicitly; goes before the environment. */
  dataDir?: string;
  env?: NodeJS.ProcessEnv;
}

/**
 * The file that `CONTINUITY_CONFIG` names, else the nearest `continuity.config.*` from `cwd` upwards to the root of its
 * git work tree or to the home directory, else `config.*` of the user's config directory, else the defaults.
 *
 * A file of a project is data. What it says of programs and checks applies once the user has trusted it with
 * `continuity trust`; until then `ignored` names it.
 *
 * @throws ConfigInvalid CONFIG_INVALID that lists every bad field; CONFIG_UNSAFE where others could have written the file;
 *   CWD_MISSING where the process's directory was deleted; SETUP_INCOMPLETE where no home directory is there to keep data in
 */
export async function loadConfig({ cwd = workingDirectory(), dataDir, env = process.env }: ConfigSource = {}): Promise<Config> {
  const { file, content, foundText, notRun } = await readConfigFile(cwd, env);
  let said = parsed({ ...(file !== undefined && { file }), content });
  const ignored: Ignored[] = notRun.map((program) => ({ file: program }));
  if (file !== undefined && foundText !== undefined && !(await isTrusted({ file, text: foundText }, env))) {
    const { content: harmless, withheld } = withoutTrust(said);
    if (withheld.length > 0) ignored.push({ file, keys: withheld });
    said = harmless;
  }
  const config = settle(said, file, dataDirOf({ ...(dataDir !== undefined && { dataDir }), cwd, env }));
  return ignored.length > 0 ? { ...config, ignored } : config;
}
