import type { Agent } from './agent.js';

/** The agents of one config. `get` throws AgentError CONFIG_INVALID where this worker cannot have one so. */
export type AgentsByName = Pick<ReadonlyMap<string, Agent>, 'get' | 'has' | 'keys'>;
