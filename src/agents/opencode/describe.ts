/** For `doctor`. */
import { execa } from 'execa';
import type { AgentConfig } from '../../config.js';
import { failure } from '../../contract/failures.js';
import { AgentError, type AgentDescription } from '../agent.js';
import type { OpenCodeHome } from './home.js';
import { findProgram } from './program.js';
import type { Env } from './store.js';

/** Starts no server: it only asks the program for its version. */
export async function describeOpenCode({ server }: OpenCodeHome, { path }: AgentConfig, env: Env): Promise<AgentDescription> {
  const places = { store: server.store, log: server.logFile };
  let program: string;
  try {
    program = await findProgram(path, env);
  } catch (error) {
    if (error instanceof AgentError) return { ...places, problem: error.failure };
    throw error;
  }
  const asked = await execa(program, ['--version'], { env, extendEnv: false, reject: false, timeout: 10_000, stdin: 'ignore' });
  if (asked.failed) return { ...places, program, problem: failure('AGENT_NOT_FOUND', `${program} does not run: ${asked.shortMessage ?? 'it failed'}.`) };
  return { ...places, program, version: asked.stdout.trim() };
}
