/**
 * The version of OpenCode's program, asked before anything else is run with it. Another major version is refused: the first start of
 * 2.x migrates the store for good, and its background server resumes turns by itself (read in its source, 2.0).
 */
import { stat } from 'node:fs/promises';
import { execa } from 'execa';
import { failure, type Failure } from '../../contract/failures.js';
import { rangeOf, SUPPORTED, verdictOn } from '../../host/supported-versions.js';
import { AgentError } from '../agent.js';
import { findProgram } from './program.js';
import type { Env } from './store.js';

/** A start takes OpenCode half a second, and much longer on a machine at work. */
const WITHIN_MS = 60_000;

/** By path, time and size of the program: it is asked again once it was replaced. */
const known = new Map<string, string>();

export const WHY_NOT_2 = "its first start migrates OpenCode's store irreversibly, and its background server resumes turns by itself";

/** A program that may be run on the store. @throws AgentError AGENT_NOT_FOUND, AGENT_UNSUPPORTED */
export async function supportedProgram(named: string | undefined, env: Env): Promise<string> {
  const program = await findProgram(named, env);
  const refusal = refusalOfVersion(program, await versionOf(program, env));
  if (refusal) throw new AgentError(refusal, false);
  return program;
}

/** Costs a start of the program, once. @throws AgentError AGENT_NOT_FOUND where it does not run */
export async function versionOf(program: string, env: Env): Promise<string> {
  const { mtimeMs, size } = await stat(program);
  const key = `${program}\0${mtimeMs}\0${size}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const asked = await execa(program, ['--version'], { env, extendEnv: false, reject: false, timeout: WITHIN_MS, stdin: 'ignore' });
  if (asked.failed) {
    const retryable = asked.timedOut;
    throw new AgentError(failure('AGENT_NOT_FOUND', `${program} --version does not run: ${asked.shortMessage ?? 'it failed'}.`), retryable);
  }
  const version = asked.stdout.trim().replace(/^v/, '');
  known.set(key, version);
  return version;
}

/** Nothing for an older 1.x: it may lack something, but it harms no store. Doctor reports it. */
export function refusalOfVersion(program: string, version: string): Failure | undefined {
  const verdict = verdictOn(SUPPORTED.opencode, version);
  if (verdict !== 'refused' && verdict !== 'unknown') return undefined;
  const which = verdict === 'refused' ? `OpenCode ${version}` : `an OpenCode that may be of 2.x (it says ${JSON.stringify(version)})`;
  const message = `${program} is ${which}, which is refused: ${WHY_NOT_2} (${rangeOf(SUPPORTED.opencode)}). Nothing was started or put in.`;
  return failure('AGENT_UNSUPPORTED', message, `Run: ${SUPPORTED.opencode.mend}, or name such a program in continuity.config (agents.<name>.path).`);
}
