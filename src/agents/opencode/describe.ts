/** For `doctor`. */
import type { AgentConfig } from '../../config.js';
import { failure, type Failure } from '../../contract/failures.js';
import { rangeOf, SUPPORTED, verdictOn } from '../../host/supported-versions.js';
import { AgentError, type AgentDescription } from '../agent.js';
import type { OpenCodeHome } from './home.js';
import { missingForModel } from './credentials.js';
import { findProgram } from './program.js';
import { refusalOfService } from './service.js';
import type { Env } from './store.js';
import { refusalOfVersion, versionOf } from './version.js';

/** Starts no server: it only asks the program for its version. */
export async function describeOpenCode({ server }: OpenCodeHome, { path, model }: AgentConfig, env: Env): Promise<AgentDescription> {
  const places = { store: server.store, log: server.logFile };
  let program: string;
  let version: string;
  try {
    program = await findProgram(path, env);
    version = await versionOf(program, env);
  } catch (error) {
    if (error instanceof AgentError) return { ...places, problem: error.failure };
    throw error;
  }
  const problem = refusalOfVersion(program, version) ?? tooOld(program, version) ?? (await refusalOfService(server.store, env)) ?? (await missingForModel(model, env));
  const isNewer = verdictOn(SUPPORTED.opencode, version) === 'newer';
  const note = `OpenCode ${version} is newer than what was tried (${rangeOf(SUPPORTED.opencode)}).`;
  return { ...places, program, version, ...(isNewer && { note }), ...(problem && { problem }) };
}

function tooOld(program: string, version: string): Failure | undefined {
  if (verdictOn(SUPPORTED.opencode, version) !== 'older') return undefined;
  const message = `${program} is OpenCode ${version}, which is too old (${rangeOf(SUPPORTED.opencode)}).`;
  return failure('AGENT_UNSUPPORTED', message, `Run: ${SUPPORTED.opencode.mend}`);
}
