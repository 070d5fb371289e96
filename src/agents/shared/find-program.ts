/**
 * Finds an agent's program: the path in the config, its name on PATH, or the place where npm
 * installs it beside us.
 */
import { join, isAbsolute, resolve } from 'node:path';
import { failure } from '../../contract/failures.js';
import type { Environment } from '../../host/environment.js';
import { searchPathOf } from '../../host/search-path.js';
import { AgentError } from '../agent.js';

export interface WantedProgram {
  /** For a person, e.g. `Claude Code`. */
  title: string;
  /** Its name on PATH. */
  name: string;
  /**
   * The path or name in the config. A path with a slash means that file; a bare name is searched on
   * PATH.
   */
  named: string | undefined;
  env: Environment;
  /** The command that installs it. */
  install?: string;
  /** Paths that are tried last. */
  besideUs?: readonly string[];
  /** The file to run for this path. `undefined` when it cannot run. */
  runnable: (candidate: string) => Promise<string | undefined>;
}

/** @throws AgentError AGENT_NOT_FOUND */
export async function findProgram({
  title,
  name,
  named,
  env,
  install,
  besideUs = [],
  runnable,
}: WantedProgram): Promise<string> {
  const tried: string[] = [];
  for (const candidate of named ? candidatesOf(named, env) : [...candidatesOf(name, env), ...besideUs]) {
    tried.push(candidate);
    const program = await runnable(candidate);
    if (program) return program;
  }
  const where = named
    ? `${named} is not a program that can run`
    : `${title} is not on PATH, and not installed beside us`;
  const { passedOver } = searchPathOf(env);
  const message = `${where}. Tried: ${tried.join(', ') || 'nothing, PATH is empty'}.${passedOver && ` ${passedOver}.`}`;
  const fix = install && `Run: ${install}, or name its program in continuity.config (agents.<name>.path).`;
  throw new AgentError(failure('AGENT_NOT_FOUND', message, fix), false);
}

function candidatesOf(name: string, env: Environment): string[] {
  if (isAbsolute(name) || name.includes('/')) return [resolve(name)];
  return searchPathOf(env).folders.map((folder) => join(folder, name));
}
