/**
 * A worker as far as an agent sees one: a process that makes the agent, runs one turn, prints how
 * it ended and lets go. `prefix-turn.ts <ToDo as JSON>`
 */
import type { SessionRef } from '../../src/agents/agent.js';
import { createAgents } from '../../src/agents/kinds.js';
import type { AgentConfig } from '../../src/config.js';
import { never, runTurn } from './run.js';

export interface ToDo {
  config: AgentConfig;
  dataDir: string;
  cwd: string;
  /** Absent: one is opened. */
  session?: SessionRef;
  prompt: string;
  id: string;
  /** What a category tells the model. */
  instructions: string;
}

const { config, dataDir, cwd, session: given, prompt, id, instructions } = JSON.parse(process.argv[2] ?? '') as ToDo;
const agents = createAgents({ agents: { agent: config }, dataDir }, { log: () => undefined, env: process.env });
const agent = agents.get('agent');
if (!agent) throw new Error(`There is no agent of kind ${config.kind}.`);
const model = config.model !== undefined ? { model: config.model } : {};
const session = given ?? {
  ...(await agent.open({ seed: id, title: 'Prefix', cwd, ...model }, never)),
  cwd,
  instructions,
};
const outcome = await runTurn(agent, session, prompt, id);
await agent.close({ stop: false });
process.stdout.write(JSON.stringify({ session, outcome }));
