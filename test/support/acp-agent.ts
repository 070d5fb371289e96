/** An ACP agent of its own, as a worker makes it, with its own room of turns; and its home to look into. */
import { createAcpDriver } from '../../src/agents/acp/driver.js';
import { AcpHome, type Timing } from '../../src/agents/acp/home.js';
import type { Agent } from '../../src/agents/agent.js';
import type { AgentDriver } from '../../src/agents/driver.js';
import { defaultsOf } from '../../src/agents/kinds.js';
import { createAgent, TurnRoom } from '../../src/agents/turn/create-agent.js';
import type { AgentConfig } from '../../src/config.js';

export interface AcpAgentOptions extends Partial<AgentConfig> {
  /** Of all ACP agents of a data directory. */
  folder: string;
  command: string[];
  env: Readonly<Record<string, string | undefined>>;
  timing?: Partial<Timing>;
}

export function createAcp({ folder, env, timing, ...given }: AcpAgentOptions): [Agent, AcpHome, AgentDriver] {
  const log = () => undefined;
  const home = new AcpHome({ folder, env, log }, timing);
  const config: AgentConfig = { kind: 'acp', ...given };
  const driver = createAcpDriver({ name: 'acp', config, home });
  const agent = createAgent({ name: 'acp', driver, room: new TurnRoom(folder, log), defaults: defaultsOf(config) });
  return [agent, home, driver];
}
