/** What counts in the directories of sessions, from their configs and this worker's agents. */
import type { Log, Configured, DirectoryContext } from '../src/activities/context.js';
import type { AgentsByName } from '../src/agents/agents-by-name.js';
import { defaultAgentOf } from '../src/agents/default-agent.js';
import type { HostAgents } from '../src/agents/kinds.js';
import { projectOf, type Config } from '../src/config.js';
import { DirectoryConfigs } from '../src/config/directories.js';
import { Failed } from '../src/contract/failures.js';

export function newConfigured(own: Config, agents: HostAgents, log: Log): Configured {
  const configs = new DirectoryConfigs(own, ({ file, keys }) =>
    log('parts of a config file do not apply: its user has not trusted it', { file, keys }),
  );
  return {
    in: async (cwd) => {
      const config = await configs.in(cwd);
      return { ...decidedBy(config), agents: agents.of(config) };
    },
    lastIn: async (cwd) => {
      const config = await configs.lastIn(cwd);
      return { ...decidedBy(config), agents: orOwn(agents.of(config), agents) };
    },
  };
}

export function decidedBy(config: Config): Omit<DirectoryContext, 'agents'> {
  return {
    config,
    projectOf: (cwd) => projectOf(cwd, config),
    defaultAgent: async () => (await defaultAgentOf(config)).name,
  };
}

/** An agent that its config no longer has, or has with a program that cannot be used. */
function orOwn(agents: AgentsByName, own: HostAgents): AgentsByName {
  return {
    ...agents,
    get(name) {
      try {
        return agents.get(name) ?? own.get(name);
      } catch (error) {
        const ours = own.get(name);
        if (ours && error instanceof Failed) return ours;
        throw error;
      }
    },
  };
}
