/**
 * The version of OpenCode's program, which is asked before the program is used for anything else.
 * Another major version is refused: the first start of 2.x migrates the store irreversibly, and its
 * background server resumes turns by itself (read in its source, 2.0).
 */
import { join } from 'node:path';
import { failure, type Failure } from '../../contract/failures.js';
import { homeOf } from '../../host/home.js';
import { whyNoRoom } from '../../host/room.js';
import { rangeOf, SUPPORTED, verdictOn } from '../../host/supported-versions.js';
import { AgentError } from '../agent.js';
import { versionOf as askVersion } from '../shared/program-version.js';
import { findProgram } from './program.js';
import type { Env } from './store.js';

export const WHY_NOT_2 =
  "its first start migrates OpenCode's store irreversibly, and its background server resumes turns by itself";

/**
 * A program that may run on the store.
 *
 * @throws AgentError AGENT_NOT_FOUND, AGENT_UNSUPPORTED
 */
export async function supportedProgram(named: string | undefined, env: Env): Promise<string> {
  const program = await findProgram(named, env);
  const refusal = refusalOfVersion(program, await versionOf(program, env));
  if (refusal) throw new AgentError(refusal, false);
  return program;
}

/**
 * @throws AgentError AGENT_NOT_FOUND when the program does not run, SETUP_INCOMPLETE when it has no
 * directory for its files
 */
export const versionOf = (program: string, env: Env) => askVersion(program, env, () => unwritableDirectory(env));

const DIRECTORIES = {
  XDG_DATA_HOME: '.local/share',
  XDG_STATE_HOME: '.local/state',
  XDG_CONFIG_HOME: '.config',
  XDG_CACHE_HOME: '.cache',
};
/** OpenCode unpacks some megabytes at each start. */
const OPENCODE_NEEDS_BYTES = 20e6;

/**
 * SETUP_INCOMPLETE for the first directory that OpenCode cannot create. It creates its directories
 * at each start, even to print its version (1.18.33).
 */
async function unwritableDirectory(env: Env): Promise<Failure | undefined> {
  const home = homeOf(env);
  for (const [variable, below] of Object.entries(DIRECTORIES)) {
    const above = env[variable] ?? (home === undefined ? undefined : join(home, below));
    const why = above === undefined ? undefined : await whyNoRoom(join(above, 'opencode'), OPENCODE_NEEDS_BYTES);
    if (above === undefined || why === undefined) continue;
    const message = `OpenCode does not start, because it keeps files in ${join(above, 'opencode')}, which ${why}.`;
    return failure(
      'SETUP_INCOMPLETE',
      message,
      `Make it writable and make room there, or name another directory with ${variable} (or HOME).`,
    );
  }
  return undefined;
}

/** `undefined` for an older 1.x, which may lack something but harms no store. Doctor reports it. */
export function refusalOfVersion(program: string, version: string): Failure | undefined {
  const verdict = verdictOn(SUPPORTED.opencode, version);
  if (verdict !== 'refused' && verdict !== 'unknown') return undefined;
  const which =
    verdict === 'refused'
      ? `OpenCode ${version}`
      : `an OpenCode that may be of 2.x (it says ${JSON.stringify(version)})`;
  const message = `${program} is ${which}, which is refused, because ${WHY_NOT_2} (${rangeOf(SUPPORTED.opencode)}). Nothing was started or put in.`;
  return failure(
    'AGENT_UNSUPPORTED',
    message,
    `Run: ${SUPPORTED.opencode.mend}, or name such a program in continuity.config (agents.<name>.path).`,
  );
}
