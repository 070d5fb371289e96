/** Describes OpenCode for `doctor`. */
import type { AgentConfig } from '../../config.js';
import { failure, type Failure } from '../../contract/failures.js';
import { rangeOf, SUPPORTED, supportOf, verdictOn } from '../../host/supported-versions.js';
import { AgentError, type AgentDescription } from '../agent.js';
import type { OpenCodeHome } from './home.js';
import { modelAccess } from './credentials.js';
import { findProgram } from './program.js';
import { refusalOfService } from './service.js';
import type { Env } from './store.js';
import { refusalOfVersion, versionOf } from './version.js';

/** Starts no server. It only asks the program for its version. */
export async function describeOpenCode(
  { server }: OpenCodeHome,
  { path, model }: AgentConfig,
  env: Env,
): Promise<AgentDescription> {
  const places = { store: server.store, log: server.logFile, install: SUPPORTED.opencode.mend };
  let program: string;
  let version: string;
  try {
    program = await findProgram(path, env);
    version = await versionOf(program, env);
  } catch (error) {
    if (error instanceof AgentError) return { ...places, problem: error.failure };
    throw error;
  }
  const access = await modelAccess(model, env);
  const problem =
    refusalOfVersion(program, version) ??
    tooOld(program, version) ??
    (await refusalOfService(server.store, env)) ??
    access.problem;
  const isNewer = verdictOn(SUPPORTED.opencode, version) === 'newer';
  const note = [
    isNewer && `OpenCode ${version} is newer than what was tried (${rangeOf(SUPPORTED.opencode)}).`,
    access.note,
  ]
    .filter(Boolean)
    .join(' ');
  return {
    ...places,
    program,
    version,
    support: supportOf(SUPPORTED.opencode, version),
    model: access.model,
    credentials: access.credentials,
    ...(note && { note }),
    ...(problem && { problem }),
  };
}

function tooOld(program: string, version: string): Failure | undefined {
  if (verdictOn(SUPPORTED.opencode, version) !== 'older') return undefined;
  const message = `${program} is OpenCode ${version}, which is too old (${rangeOf(SUPPORTED.opencode)}).`;
  return failure('AGENT_UNSUPPORTED', message, `Run: ${SUPPORTED.opencode.mend}`);
}
