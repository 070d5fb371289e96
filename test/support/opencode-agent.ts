/** OpenCode as an agent of its own, with its own room of turns. */
import { join } from 'node:path';
import type { Agent } from '../../src/agents/agent.js';
import { defaultsOf } from '../../src/agents/kinds.js';
import { createOpenCodeDriver, type OpenCodeOptions } from '../../src/agents/opencode/driver.js';
import { createAgent, TurnRoom } from '../../src/agents/turn/create-agent.js';

export type OpenCodeAgentOptions = OpenCodeOptions & { name: string; maxSteps?: number };

export function createOpenCode({ name, maxSteps, ...options }: OpenCodeAgentOptions): Agent {
  const room = new TurnRoom(join(options.dataDir, 'agents', 'opencode'), options.log);
  return createAgent({
    name,
    room,
    defaults: defaultsOf(options.config),
    driver: createOpenCodeDriver(options),
    ...(maxSteps !== undefined && { maxSteps }),
  });
}
