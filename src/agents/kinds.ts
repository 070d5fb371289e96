/**
 * Makes agents from the names in the config. Each kind has a driver. The agents that use one store
 * share one room of turns: session ids are unique in a store only.
 */
import { join } from 'node:path';
import { defined } from '../contract/defined.js';
import type { AgentConfig, AgentKind, Config } from '../config.js';
import type { Agent } from './agent.js';
import { acpDrivers } from './acp/driver.js';
import { codexDrivers } from './codex/driver.js';
import type { AgentDriver, DriverContext } from './driver.js';
import { claudeCodeDrivers } from './claude-code/driver.js';
import { openCodeDrivers } from './opencode/driver.js';
import { createAgent, TurnRoom, type AgentDefaults } from './turn/create-agent.js';

export type AgentContext = Omit<DriverContext, 'dataDir' | 'folder'>;

/**
 * Makes a driver for each name of this kind. They share their agent's program.
 *
 * @throws AgentError CONFIG_INVALID
 */
type NewDrivers = (configs: ReadonlyMap<string, AgentConfig>, context: DriverContext) => Map<string, AgentDriver>;

const KINDS: Record<AgentKind, NewDrivers> = {
  opencode: openCodeDrivers,
  'claude-code': claudeCodeDrivers,
  codex: codexDrivers,
  acp: acpDrivers,
};

/** Starts nothing. @throws AgentError CONFIG_INVALID */
export function createAgents(
  { agents, dataDir }: Pick<Config, 'agents' | 'dataDir'>,
  context: AgentContext,
): Map<string, Agent> {
  const created = new Map<string, Agent>();
  for (const [kind, newDrivers] of Object.entries(KINDS) as [AgentKind, NewDrivers][]) {
    const configs = new Map(Object.entries(agents).filter(([, config]) => config.kind === kind));
    if (configs.size === 0) continue;
    const folder = join(dataDir, 'agents', kind);
    const rooms = new Map<string, TurnRoom>();
    for (const [name, driver] of newDrivers(configs, { ...context, dataDir, folder })) {
      const room = rooms.get(driver.store) ?? new TurnRoom(folder, context.log);
      rooms.set(driver.store, room);
      created.set(name, createAgent({ name, driver, room, defaults: defaultsOf(agents[name]) }));
    }
  }
  return created;
}

/** What a session of this agent is opened with if the prompt names nothing else. */
export function defaultsOf({ model, variant, mode }: Partial<AgentConfig> = {}): AgentDefaults {
  return {
    ...defined({ model, variant, mode }),
  };
}
