/** What the command line asks of agents, which only a worker's program knows: nothing of it starts a server or touches Temporal. */
import { text } from 'node:stream/consumers';
import { sessionRefOf } from '../src/activities/session-ref.js';
import { AgentError, type Agent } from '../src/agents/agent.js';
import type { Config } from '../src/config.js';
import { failure } from '../src/contract/failures.js';
import type { SessionRecord } from '../src/contract/state.js';
import { knownHostId } from '../src/host/host-id.js';

export const QUESTIONS = ['describe', 'transcript', 'interface'] as const;
export type Question = (typeof QUESTIONS)[number];

/** The session that is asked about comes on stdin: it may hold more than a command line takes. @throws AgentError */
export async function askAgents(question: Question, agents: ReadonlyMap<string, Agent>, config: Config): Promise<unknown> {
  if (question === 'describe') {
    const described = [...agents.values()].map(async (agent) => [agent.name, { ...(await agent.describe()), capabilities: agent.capabilities }]);
    return Object.fromEntries((await Promise.all(described)) as [string, unknown][]);
  }
  const session = JSON.parse(await text(process.stdin)) as Pick<SessionRecord, 'session_id' | 'pinned'>;
  const { session_id, pinned } = session;
  const host = await knownHostId(config.dataDir);
  if (pinned.host !== host) {
    const message = `Session ${session_id} is on host ${pinned.host}; the data directory ${config.dataDir} is ${host === undefined ? 'that of no host yet' : `of host ${host}`}.`;
    throw new AgentError(failure('HOST_UNAVAILABLE', message, "Run it on that host, with its worker's data directory (--data-dir)."), false);
  }
  const agent = agents.get(pinned.agent);
  if (!agent) throw new AgentError(failure('AGENT_UNKNOWN', `Agent ${pinned.agent} of session ${session_id} is not in the config.`), false);
  return question === 'transcript' ? agent.transcript(sessionRefOf(session)) : agent.interface(sessionRefOf(session));
}
