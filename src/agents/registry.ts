/** From the names in the config to agents. Names of the same kind share one server. */
import type { Config } from '../config.js';
import { failure } from '../contract/failures.js';
import { AgentError, type Agent } from './agent.js';
import { createOpenCode, newOpenCodeHome } from './opencode/index.js';

export interface AgentContext {
  log: (message: string, facts?: object) => void;
  /** What agents inherit. Default: this process's environment. */
  env?: Readonly<Record<string, string | undefined>>;
}

/** Starts nothing. @throws AgentError CONFIG_INVALID */
export function createAgents({ agents, dataDir }: Pick<Config, 'agents' | 'dataDir'>, context: AgentContext): Map<string, Agent> {
  const entries = Object.entries(agents);
  const [first] = entries;
  if (!first) return new Map();
  const other = entries.find(([, { path }]) => path !== first[1].path);
  if (other) {
    const message = `The agents ${first[0]} and ${other[0]} name different programs (agents.<name>.path), but agents of one data directory share one server.`;
    throw new AgentError(failure('CONFIG_INVALID', message), false);
  }
  const home = newOpenCodeHome({ config: first[1], dataDir, ...context });
  return new Map(entries.map(([name, config]) => [name, createOpenCode({ name, config, dataDir, home, ...context })]));
}
