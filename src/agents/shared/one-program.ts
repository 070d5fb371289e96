import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentConfig } from '../../config.js';
import { failure } from '../../contract/failures.js';
import { searchPathOf } from '../../host/search-path.js';
import { AgentError } from '../agent.js';

/**
 * The config whose program runs the one server of all these names. `undefined` when there is no
 * name.
 *
 * @throws AgentError CONFIG_INVALID when the names have different programs
 */
export function configOfServer(configs: ReadonlyMap<string, AgentConfig>): AgentConfig | undefined {
  const [first, ...others] = configs;
  const other = first && others.find(([, { path }]) => path !== first[1].path);
  if (!other) return first?.[1];
  const message = `The agents ${first[0]} and ${other[0]} name different programs (agents.<name>.path), but agents of one data directory share one server.`;
  throw new AgentError(failure('CONFIG_INVALID', message), false);
}

/**
 * The config of a project's agent that works on the worker's server. Its program is that of the server.
 *
 * @throws AgentError CONFIG_INVALID when the project names another program
 */
export function onServer(name: string, config: AgentConfig, server: AgentConfig): AgentConfig {
  const { path, ...rest } = config;
  if (path !== undefined && path !== server.path && !isOneFile(path, server.path ?? config.kind))
    throw new AgentError(
      failure(
        'CONFIG_INVALID',
        `The config of the session's directory has ${path} as the program of agent ${name} (agents.${name}.path), and the worker runs ${server.path ?? 'the one on its PATH'}. Agents of one data directory share one server.`,
        "Start the worker in that directory, or name that program in your own config. Or remove the path from the directory's config.",
      ),
      false,
    );
  return { ...rest, ...(server.path !== undefined && { path: server.path }) };
}

/** The project may name the path of the program that the worker finds on PATH. */
function isOneFile(one: string, other: string): boolean {
  const [file, same] = [fileOf(one), fileOf(other)];
  return file !== undefined && file === same;
}

function fileOf(named: string): string | undefined {
  const candidates = named.includes('/')
    ? [named]
    : searchPathOf(process.env).folders.map((folder) => join(folder, named));
  const found = candidates.find(existsSync);
  return found && realpathSync(found);
}
