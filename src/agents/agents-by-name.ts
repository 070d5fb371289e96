import type { Agent } from './agent.js';

/** The agents of one config. `get` throws AgentError CONFIG_INVALID for an agent that this worker cannot run as configured. */
export type AgentsByName = Pick<ReadonlyMap<string, Agent>, 'get' | 'has' | 'keys'>;
