/**
 * A process that copies one session: for tests that kill it.
 * Arguments: the kind of the agent, its folder or data directory, its program, and the request as JSON.
 */
import type { ForkRequest } from '../../src/agents/agent.js';
import { ClaudeHome } from '../../src/agents/claude-code/home.js';
import { createClaudeDriver } from '../../src/agents/claude-code/driver.js';
import { createCodexDriver } from '../../src/agents/codex/driver.js';
import type { AgentDriver } from '../../src/agents/driver.js';
import { createOpenCodeDriver } from '../../src/agents/opencode/driver.js';
import { createAgent, TurnRoom } from '../../src/agents/turn/create-agent.js';
import { never } from '../agents/run.js';

const [name = '', folder = '', path = '', request = ''] = process.argv.slice(2);
const env = process.env as Record<string, string>;
const log = () => undefined;
const DRIVERS: Record<string, () => AgentDriver> = {
  opencode: () => createOpenCodeDriver({ config: { kind: 'opencode' }, dataDir: folder, env, log }),
  'claude-code': () => createClaudeDriver({ kind: 'claude-code', path }, new ClaudeHome(folder, env)),
  codex: () => createCodexDriver({ config: { kind: 'codex', path }, folder, env, log }),
};
const driver = DRIVERS[name]?.();
if (!driver) throw new Error(`No agent ${name}`);
const agent = createAgent({ name, room: new TurnRoom(folder, log), driver });
process.stdout.write('It begins.\n');
await agent.fork?.(JSON.parse(request) as ForkRequest, never);
process.exit();
