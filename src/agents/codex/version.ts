/** The version of Codex's program. */
import { failure, type Failure } from '../../contract/failures.js';
import { rangeOf, SUPPORTED, verdictOn } from '../../host/supported-versions.js';
import { AgentError } from '../agent.js';
import { versionOf } from '../shared/program-version.js';
import { findCodex } from './program.js';
import type { Env } from './store.js';

/**
 * A program that has the features that we use.
 *
 * @throws AgentError AGENT_NOT_FOUND, AGENT_UNSUPPORTED
 */
export async function supportedProgram(named: string | undefined, env: Env): Promise<string> {
  const program = await findCodex(named, env);
  const refusal = refusalOfVersion(program, await codexVersion(program, env));
  if (refusal) throw new AgentError(refusal, false);
  return program;
}

/** Codex prints `codex-cli 0.169.0`. */
export async function codexVersion(program: string, env: Env): Promise<string> {
  return (await versionOf(program, env)).split(/\s+/).at(-1) ?? '';
}

/** An older app-server cannot listen on a socket, or does not store a thread when it is named. */
export function refusalOfVersion(program: string, version: string): Failure | undefined {
  const verdict = verdictOn(SUPPORTED.codex, version);
  if (verdict === 'fine' || verdict === 'newer') return undefined;
  const message = `${program} says that it is Codex ${version}, which can't be used (${rangeOf(SUPPORTED.codex)}). Nothing was started or put in.`;
  return failure('AGENT_UNSUPPORTED', message, `Run: ${SUPPORTED.codex.mend}`);
}
