/**
 * Answers the command line's questions about agents, which only the worker's program can. No
 * question starts a server or touches Temporal.
 */
import { configDirectoryOf } from '../src/contract/workspace.js';
import { text } from 'node:stream/consumers';
import { sessionRefOf } from '../src/activities/session-ref.js';
import { AgentError, type Agent } from '../src/agents/agent.js';
import { defaultAgentOf } from '../src/agents/default-agent.js';
import type { HostAgents } from '../src/agents/kinds.js';
import type { Log } from '../src/activities/context.js';
import type { Config } from '../src/config.js';
import type { AgentAnswers, DescribedAgent, DescribedAgents, Question } from '../src/contract/agent-answers.js';
import { failure } from '../src/contract/failures.js';
import type { SessionsQuestion } from '../src/contract/agent-session.js';
import type { SessionRecord } from '../src/contract/state.js';
import { knownHostId } from '../src/host/host-id.js';
import { newConfigured } from './configured.js';
import { listSessions } from './list-sessions.js';

/**
 * What the question is about comes on stdin, because a session may be longer than a command line can
 * be.
 *
 * @throws AgentError
 */
export async function askAgents(
  question: Question,
  agents: HostAgents,
  config: Config,
  log: Log,
): Promise<AgentAnswers[Question]> {
  if (question === 'describe') {
    return describeAll(agents, config);
  }
  const about: unknown = JSON.parse(await text(process.stdin));
  if (question === 'sessions') return listSessions(about as SessionsQuestion, agents, config);
  const session = about as Pick<SessionRecord, 'session_id' | 'pinned'>;
  const { session_id, pinned } = session;
  const host = await knownHostId(config.dataDir);
  if (pinned.host !== host) {
    const message = `Session ${session_id} is on host ${pinned.host}. The data directory ${config.dataDir} belongs to ${host === undefined ? 'no host yet' : `host ${host}`}.`;
    throw new AgentError(
      failure('HOST_UNAVAILABLE', message, "Run it on that host, with its worker's data directory (--data-dir)."),
      false,
    );
  }
  // A session is as its own directory has it, from wherever it is asked for.
  const there = await newConfigured(config, agents, log).lastIn(configDirectoryOf(pinned));
  const agent = there.agents.get(pinned.agent);
  if (!agent)
    throw new AgentError(
      failure('AGENT_UNKNOWN', `Agent ${pinned.agent} of session ${session_id} is not in the config.`),
      false,
    );
  return question === 'transcript' ? agent.transcript(sessionRefOf(session)) : agent.interface(sessionRefOf(session));
}

/** For `doctor`. */
async function describeAll(agents: ReadonlyMap<string, Agent>, config: Config): Promise<DescribedAgents> {
  const chosen = await defaultAgentOf(config).catch((error: unknown) => {
    if (error instanceof AgentError) return { problem: error.failure };
    throw error;
  });
  const name = 'name' in chosen ? chosen.name : undefined;
  const described = [...agents.values()].map(async (agent): Promise<[string, DescribedAgent]> => {
    const said = { ...(await agent.describe()), capabilities: agent.capabilities };
    return [agent.name, agent.name === name || isConfigured(agent.name, config) ? said : unasked(said)];
  });
  return { default: chosen, agents: Object.fromEntries(await Promise.all(described)) };
}

/**
 * Whether the config asks for this agent. Every config has the built-in agents, whether their
 * programs are installed or not.
 */
function isConfigured(name: string, { agents }: Config): boolean {
  return Object.keys(agents[name] ?? {}).some((key) => key !== 'kind');
}

/** A problem of an agent that the config does not ask for is only a note. */
function unasked({ problem, ...said }: DescribedAgent): DescribedAgent {
  if (problem?.code === 'AGENT_NOT_FOUND' && said.program === undefined)
    return { not_installed: true, ...(said.install !== undefined && { install: said.install }) };
  const note = [said.note, problem && `Before you use it: ${problem.message} ${problem.fix}`].filter(Boolean).join(' ');
  return { ...said, ...(note && { note }) };
}
