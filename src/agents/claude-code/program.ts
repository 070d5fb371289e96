/**
 * Finds Claude Code's program and its version. Where install scripts are off, npm's package has
 * only a placeholder. The real program is in the sibling package of the platform.
 */
import { access, constants, realpath, stat } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { failure, type Failure } from '../../contract/failures.js';
import { rangeOf, SUPPORTED, verdictOn } from '../../host/supported-versions.js';
import { AgentError } from '../agent.js';
import { findProgram } from '../shared/find-program.js';
import { versionOf } from '../shared/program-version.js';
import type { Env } from './store.js';

const REAL_IS_LARGER_THAN = 1024 * 1024;

export function findClaude(named: string | undefined, env: Env): Promise<string> {
  return findProgram({
    title: 'Claude Code',
    name: 'claude',
    named,
    env,
    install: SUPPORTED.claudeCode.mend,
    runnable,
  });
}

async function runnable(candidate: string): Promise<string | undefined> {
  try {
    await access(candidate, constants.X_OK);
    const target = await realpath(candidate);
    const isNpms = /[\\/]@anthropic-ai[\\/]claude-code[\\/]bin$/.test(dirname(target));
    if (!isNpms || (await stat(target)).size > REAL_IS_LARGER_THAN) return candidate;
    const real = join(dirname(target), '..', '..', `claude-code-${platform()}-${arch()}`, 'claude');
    await access(real, constants.X_OK);
    return real;
  } catch {
    // ENOENT, EACCES. The next candidate is tried, and the error names all of them if none runs.
    return undefined;
  }
}

/** e.g. `2.1.331`. The program prints `2.1.331 (Claude Code)`. */
export async function versionOfClaude(program: string, env: Env): Promise<string> {
  return (await versionOf(program, env)).split(' ')[0] ?? '';
}

/** @throws AgentError AGENT_NOT_FOUND, AGENT_UNSUPPORTED */
export async function supportedClaude(named: string | undefined, env: Env): Promise<string> {
  const program = await findClaude(named, env);
  const refusal = refusalOfVersion(program, await versionOfClaude(program, env));
  if (refusal) throw new AgentError(refusal, false);
  return program;
}

export function refusalOfVersion(program: string, version: string): Failure | undefined {
  if (verdictOn(SUPPORTED.claudeCode, version) !== 'older') return undefined;
  const message = `${program} is Claude Code ${version}, which is too old to resume a turn that was cut off (${rangeOf(SUPPORTED.claudeCode)}). Nothing was put in.`;
  return failure(
    'AGENT_UNSUPPORTED',
    message,
    `Run: ${SUPPORTED.claudeCode.mend}, or name such a program in continuity.config (agents.<name>.path).`,
  );
}
