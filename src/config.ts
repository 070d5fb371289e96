/**
 * Reads files and the environment into a typed `Config`, once, when a process starts. The worker,
 * the client and the CLI import it. It imports `contract` and `host`.
 */
import { dirname, resolve } from 'node:path';
import { defined } from './contract/defined.js';
import type { Failure } from './contract/failures.js';
import { dataDirOf, userConfigDirOf } from './host/data-dir.js';
import { readConfigFile } from './config/file.js';
import { differenceToWorker } from './config/of-worker.js';
import { withoutTrust } from './config/needs-trust.js';
import { parsed, settle } from './config/settle.js';
import { isTrusted } from './config/trust.js';
import type { Config, Ignored } from './config/types.js';
import { workingDirectory } from './host/working-directory.js';

export { checkProofOf, unlessUnsafe } from './host/check-proof.js';
export { ConfigInvalid } from './config/invalid.js';
export { projectOf } from './config/project.js';
export { MOST_TURNS_PER_HOST } from './config/types.js';
export { knownHostId } from './host/host-id.js';
export { workingDirectory } from './host/working-directory.js';
export type {
  AgentConfig,
  AgentKind,
  AskRule,
  AsksConfig,
  PermissionPolicy,
  CategoryConfig,
  Config,
  Ignored,
  Limits,
  OnColdConfig,
  PriceConfig,
} from './config/types.js';

export interface ConfigSource {
  /**
   * Directory in which the search for `continuity.config.*` starts, going upwards. Default: the
   * process's working directory.
   */
  cwd?: string;
  /** Takes precedence over the environment. */
  dataDir?: string;
  env?: NodeJS.ProcessEnv;
}

/**
 * Reads the file that `CONTINUITY_CONFIG` names. Without it, reads the nearest
 * `continuity.config.*` from `cwd` upwards, to the root of its git work tree or to the home
 * directory. Without that, reads `config.*` of the user's config directory, and otherwise returns
 * the defaults.
 *
 * A project's file is data. Its programs and checks apply only after `continuity trust`. Until then
 * `ignored` names the file.
 *
 * @throws Failed CONFIG_INVALID, which lists every bad field; CONFIG_UNSAFE when other users could
 * have written the file; CWD_MISSING when the process's directory was deleted; SETUP_INCOMPLETE
 * when there is no home directory for the data
 */
export async function loadConfig({
  cwd = workingDirectory(),
  dataDir,
  env = process.env,
}: ConfigSource = {}): Promise<Config> {
  const { file, content, foundText, notRun } = await readConfigFile(cwd, env);
  let said = parsed({ ...defined({ file }), content });
  const ignored: Ignored[] = notRun.map((program) => ({ file: program }));
  if (file !== undefined && foundText !== undefined && !(await isTrusted({ file, text: foundText }, env))) {
    const { content: harmless, withheld } = withoutTrust(said);
    if (withheld.length > 0) ignored.push({ file, keys: withheld });
    said = harmless;
  }
  const settled = settle(said, file, dataDirOf({ ...defined({ dataDir }), cwd, env }));
  const config = ignored.length > 0 ? { ...settled, ignored } : settled;
  // Of this directory, wherever another one is read with it later.
  const named = env.CONTINUITY_CONFIG && resolve(cwd, env.CONTINUITY_CONFIG);
  origins.set(config, named ? { ...env, CONTINUITY_CONFIG: named } : env);
  return config;
}

/** The environment with which a config was read. A copy that was changed has none. */
const origins = new WeakMap<Config, NodeJS.ProcessEnv>();

/** Why this file counts, for a person. */
export function originOf(config: Config): string {
  const { file } = config;
  const env = origins.get(config) ?? process.env;
  if (file === undefined) return 'for sessions in this directory';
  if (env.CONTINUITY_CONFIG) return 'because CONTINUITY_CONFIG names it';
  if (dirname(file) === userConfigDirOf(env)) return 'your own, because no project’s file is here';
  return 'for sessions in this directory';
}

/** Why a call with this config cannot be sent: the worker uses another one in that directory. */
export function differenceToWorkerIn(cwd: string, config: Config): Promise<Failure | undefined> {
  return differenceToWorker(cwd, config, origins.get(config), loadConfig);
}
