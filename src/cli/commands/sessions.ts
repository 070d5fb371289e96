import type { SessionFilter } from '../../client/agent-sessions.js';
import { SessionError } from '../../client/session-error.js';
import type { AgentSession, AgentSessions } from '../../contract/agent-session.js';
import { defined } from '../../contract/defined.js';
import { command } from '../args/command.js';
import { configOf, connected, type ConnectFlags } from '../connect.js';
import type { Output } from '../terminal/output.js';
import { table } from '../terminal/table.js';
import { ago, count, oneLine } from '../terminal/words.js';

/** So many lines are read at one go. */
const SHOWN = 30;

export default command({
  name: 'sessions',
  summary:
    'Lists the sessions that the agents have in their own stores on this machine, newest first, and which topic has which.\n' +
    'One that no topic has can be taken over: continuity delegate --topic T --session ID --adopt "…"',
  flags: {
    agent: { kind: 'text', value: 'A', help: 'Only those of this agent.' },
    all: { kind: 'switch', help: 'Also those of other projects than that of this directory.' },
    limit: { kind: 'count', value: 'N', help: `At most so many. Default: ${SHOWN}.` },
  },
  args: [],
  examples: [
    ['continuity sessions', 'those of this project'],
    ['continuity sessions --agent codex --all', 'all that Codex has'],
    ['continuity sessions --json | jq -r ".[] | select(.topic == null) | .session_id"', 'those that can be taken over'],
  ],
  async run({ flags, output }) {
    const filter: SessionFilter = { limit: flags.limit ?? SHOWN, ...defined({ agent: flags.agent, all: flags.all }) };
    const { sessions, more, problems } = await listed(flags, filter, output);
    output.answer(sessions, sessions.length === 0 ? '' : await tableOf(sessions));
    for (const { agent, error } of problems) output.note(`${agent}: ${error.code}: ${error.message} ${error.fix}`);
    if (output.json) return;
    if (sessions.length === 0) output.note(`No such sessions${flags.all ? '' : ' in this project. Of all: --all'}.`);
    if (more > 0) output.note(`… and ${count(more, 'older one')}: --limit ${SHOWN + more}`);
  },
});

/** The stores can be read without Temporal. Then no topic is told. */
async function listed(standing: ConnectFlags, filter: SessionFilter, output: Output): Promise<AgentSessions> {
  try {
    return await connected(standing, ({ manager }) => manager.sessions(filter));
  } catch (error) {
    if (!(error instanceof SessionError) || error.code !== 'TEMPORAL_UNAVAILABLE') throw error;
    output.note(`Which topic has which session is not known. ${error.message}`);
    const [config, { agentSessions }, { projectOf }] = await Promise.all([
      configOf(standing),
      import('../../client/agent-sessions.js'),
      import('../../config.js'),
    ]);
    const cwd = process.cwd();
    return agentSessions(config, { cwd, project: await projectOf(cwd, config) }, filter);
  }
}

function tableOf(sessions: AgentSession[]): Promise<string> {
  const now = Date.now();
  const rows = sessions.map(({ session_id, agent, updated_at, topic, cwd, first_prompt }) => [
    session_id,
    agent,
    ago(updated_at, now),
    oneLine(topic ?? '-', 40),
    oneLine(cwd, 60),
    oneLine(first_prompt ?? '-', 60),
  ]);
  return table(['SESSION', 'AGENT', 'LAST USED', 'TOPIC', 'DIRECTORY', 'FIRST PROMPT'], rows);
}
