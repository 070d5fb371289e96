/** An agent's command → what is started. */
import { access, constants } from 'node:fs/promises';
import type { AgentConfig } from '../../config.js';
import { failure } from '../../contract/failures.js';
import { childEnvironment, type Environment } from '../../host/environment.js';
import { AgentError } from '../agent.js';
import { findProgram } from '../shared/find-program.js';
import type { Command } from './agent-process.js';

/** @throws AgentError AGENT_NOT_FOUND, CONFIG_UNTRUSTED */
export async function commandOf(
  { command = [] }: Pick<AgentConfig, 'command'>,
  name: string,
  cwd: string,
  inherited: Environment | undefined,
): Promise<Command> {
  const [named, ...args] = command;
  if (named === undefined)
    throw new AgentError(
      failure(
        'CONFIG_UNTRUSTED',
        `Agent ${name} has no command: that of a project's file applies only once you trust the file.`,
      ),
      false,
    );
  const env = childEnvironment(inherited);
  const program = await findProgram({ title: named, name: named, named, env, runnable });
  return { program, args, cwd, env };
}

async function runnable(candidate: string): Promise<string | undefined> {
  try {
    await access(candidate, constants.X_OK);
    return candidate;
  } catch {
    return undefined; // ENOENT, EACCES: not here; the next candidate is tried, and all are named if none is.
  }
}
