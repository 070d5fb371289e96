/** The sessions in the stores of this host's agents. Starts no server, and touches nothing of Temporal. */
import type { Agent, StoredSession } from '../src/agents/agent.js';
import { projectOf, type Config } from '../src/config.js';
import type { AgentSession, AgentSessions, SessionsQuestion } from '../src/contract/agent-session.js';
import { defined } from '../src/contract/defined.js';
import { Failed, failure } from '../src/contract/failures.js';
import { failureOf } from './failure-of.js';

/** @throws Failed AGENT_UNKNOWN */
export async function listSessions(
  { agent: named, project, session_id, limit }: SessionsQuestion,
  agents: ReadonlyMap<string, Agent>,
  config: Config,
): Promise<AgentSessions> {
  if (named !== undefined && !agents.has(named))
    throw new Failed(
      failure('AGENT_UNKNOWN', `Agent ${named} is not known; there are: ${[...agents.keys()].join(', ')}.`),
    );
  // Names of one kind share a store: a session is told once, under the name that it would be taken over with.
  const names = [...agents.keys()].filter((name) => named === undefined || name === named);
  names.sort((one, other) => Number(other === config.defaultAgent) - Number(one === config.defaultAgent));
  const asked = await Promise.all(names.map((name) => ask(name, agents, session_id)));
  const known = new Map<string, AgentSession>();
  for (const { name, sessions } of asked)
    for (const session of sessions)
      if (!known.has(session.session_id)) known.set(session.session_id, { ...session, agent: name });
  const placed = await Promise.all([...known.values()].map((session) => inProject(session, config)));
  const wanted = placed
    .filter((session) => project === undefined || session.project === project)
    .sort((one, other) => other.updated_at.localeCompare(one.updated_at));
  const shown = wanted.slice(0, limit);
  return {
    sessions: shown,
    more: wanted.length - shown.length,
    problems: asked.flatMap(({ name, error }) => (error ? [{ agent: name, error }] : [])),
  };
}

async function ask(name: string, agents: ReadonlyMap<string, Agent>, session?: SessionsQuestion['session_id']) {
  const agent = agents.get(name);
  try {
    const found = session === undefined ? await agent?.sessions?.() : [await agent?.find?.(session)];
    return { name, sessions: (found ?? []).flatMap((one) => (one ? toldOf(one) : [])) };
  } catch (error) {
    const failed = failureOf(error);
    // Of an agent that is not installed nothing can be gone on with.
    return failed.code === 'AGENT_NOT_FOUND' ? { name, sessions: [] } : { name, sessions: [], error: failed };
  }
}

function toldOf({ session_id, cwd, updated_at, first_prompt, model }: StoredSession) {
  return { session_id, cwd, updated_at, ...defined({ first_prompt, model }) };
}

const projects = new Map<string, Promise<string | undefined>>();

async function inProject(session: AgentSession, config: Config): Promise<AgentSession> {
  const { cwd } = session;
  // CWD_MISSING: the directory is no longer there.
  const asked = projects.get(cwd) ?? projectOf(cwd, config).catch(() => undefined);
  projects.set(cwd, asked);
  const project = await asked;
  return project === undefined ? session : { ...session, project };
}
