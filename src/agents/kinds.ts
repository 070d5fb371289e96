/**
 * Makes agents from the names in the config. Each kind has a driver. The agents that use one store
 * share one room of turns: session ids are unique in a store only.
 */
import { join } from 'node:path';
import { defined } from '../contract/defined.js';
import type { AgentConfig, AgentKind, Config } from '../config.js';
import type { Agent } from './agent.js';
import type { AgentsByName } from './agents-by-name.js';
import { acpDrivers } from './acp/driver.js';
import { codexDrivers } from './codex/driver.js';
import type { DriverContext, NewDriver } from './driver.js';
import { claudeCodeDrivers } from './claude-code/driver.js';
import { openCodeDrivers } from './opencode/driver.js';
import { createAgent, TurnRoom, type AgentDefaults } from './turn/create-agent.js';

export type AgentContext = Omit<DriverContext, 'dataDir' | 'folder'>;

/**
 * Makes drivers of this kind, which share their agent's program. `configs` are the worker's own.
 *
 * @throws AgentError CONFIG_INVALID
 */
type DriversOfKind = (configs: ReadonlyMap<string, AgentConfig>, context: DriverContext) => NewDriver;

const KINDS: Record<AgentKind, DriversOfKind> = {
  opencode: openCodeDrivers,
  'claude-code': claudeCodeDrivers,
  codex: codexDrivers,
  acp: acpDrivers,
};

/** How many agents of other configs are kept. Only those count that can be closed at any time. */
const MOST_OF_OTHERS = 200;

/** The agents of one worker: those of its own config, and those that projects add or change. */
export class HostAgents extends Map<string, Agent> {
  readonly #newAgents = new Map<AgentKind, (name: string, config: AgentConfig) => Agent>();
  readonly #made = new Map<string, Agent>();
  /** Of other configs, oldest first, as far as an agent of the worker's own shares their program. */
  readonly #others = new Set<string>();
  readonly #kinds = new Set<AgentKind>();

  constructor({ agents, dataDir }: Pick<Config, 'agents' | 'dataDir'>, context: AgentContext) {
    super();
    for (const [kind, driversOfKind] of Object.entries(KINDS) as [AgentKind, DriversOfKind][]) {
      const configs = new Map(Object.entries(agents).filter(([, config]) => config.kind === kind));
      const folder = join(dataDir, 'agents', kind);
      const newDriver = driversOfKind(configs, { ...context, dataDir, folder });
      this.#newAgents.set(kind, newAgentsOf(newDriver, folder, context));
      for (const [name, config] of configs) this.set(name, this.#as(name, config));
      // The end of the last ACP agent of a store would end a turn that another attempt follows.
      if (configs.size > 0 && kind !== 'acp') this.#kinds.add(kind);
    }
  }

  /** The agents as another config has them. One that is as in the worker's own is the same agent. */
  of({ agents }: Pick<Config, 'agents'>): AgentsByName {
    return {
      has: (name) => Object.hasOwn(agents, name),
      keys: () => Object.keys(agents).values(),
      get: (name) => {
        const config = Object.hasOwn(agents, name) ? agents[name] : undefined;
        return config && this.#as(name, config, true);
      },
    };
  }

  /** Closes all of them. */
  async closeAll(close: (agent: Agent) => Promise<void>): Promise<void> {
    await Promise.all([...this.#made.values()].map(close));
  }

  #as(name: string, config: AgentConfig, isOther = false): Agent {
    // These are no driver's. A project that changes them has the same agent.
    const { asks: _a, leftBehind: _l, fallbackModels: _f, memoryLimitMiB: _m, cacheLifetimeMs: _c, ...its } = config;
    const key = JSON.stringify([name, Object.entries(its).sort(([one], [other]) => (one < other ? -1 : 1))]);
    const known = this.#made.get(key);
    if (known) return known;
    const made = this.#newAgents.get(config.kind)!(name, config);
    this.#made.set(key, made);
    if (isOther && this.#kinds.has(config.kind)) this.#others.add(key);
    this.#letGo();
    return made;
  }

  #letGo(): void {
    for (const key of this.#others) {
      if (this.#others.size <= MOST_OF_OTHERS) return;
      this.#others.delete(key);
      const agent = this.#made.get(key);
      this.#made.delete(key);
      // The worker's own agents keep the program. A turn that is followed goes on.
      void agent?.close({ stop: false });
    }
  }
}

/** Starts nothing. @throws AgentError CONFIG_INVALID */
export function createAgents(config: Pick<Config, 'agents' | 'dataDir'>, context: AgentContext): HostAgents {
  return new HostAgents(config, context);
}

function newAgentsOf(newDriver: NewDriver, folder: string, { log }: AgentContext) {
  const rooms = new Map<string, TurnRoom>();
  return (name: string, config: AgentConfig): Agent => {
    const driver = newDriver(name, config);
    const room = rooms.get(driver.store) ?? new TurnRoom(folder, log);
    rooms.set(driver.store, room);
    return createAgent({ name, driver, room, defaults: defaultsOf(config) });
  };
}

/** What a session of this agent is opened with if the prompt names nothing else. */
export function defaultsOf({ model, variant, mode }: Partial<AgentConfig> = {}): AgentDefaults {
  return {
    ...defined({ model, variant, mode }),
  };
}
