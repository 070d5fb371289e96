/**
 * The sessions that the agents of this machine have in their own stores, no matter who began them,
 * and which topic has which.
 */
import type { Client } from '@temporalio/client';
import type { Config } from '../config.js';
import type { AgentSession, AgentSessions, SessionsQuestion } from '../contract/agent-session.js';
import { defined } from '../contract/defined.js';
import { topicOfWorkflow, type SessionId, type TopicId } from '../contract/ids.js';
import { SESSIONS, sessionInFilter } from '../contract/search-attributes.js';
import { unreachable } from './grpc-errors.js';

/** A caller waits for its refusal, which is true without the look. */
const REFUSED_WITHIN_MS = 10_000;

export interface SessionFilter {
  /** As config names it. Default: all agents. */
  agent?: string;
  /** Also those of other projects than the caller's. */
  all?: boolean;
  /** At most so many, the newest. Default: all there are. */
  limit?: number;
}

export interface Standing {
  cwd: string;
  project: string;
}

/**
 * Reads the stores and starts no agent. @throws Failed AGENT_UNKNOWN, SETUP_INCOMPLETE where no
 * worker's program is here
 */
export async function agentSessions(
  { dataDir }: Pick<Config, 'dataDir'>,
  { cwd, project }: Standing,
  { agent, all, limit }: SessionFilter = {},
): Promise<AgentSessions> {
  return asked(dataDir, cwd, defined({ agent, project: all ? undefined : project, limit }));
}

/** Which agent here has a session. undefined: none, as far as they tell in time. @throws Failed */
export async function agentSession(
  { dataDir }: Pick<Config, 'dataDir'>,
  cwd: string,
  session_id: SessionId,
): Promise<AgentSession | undefined> {
  return (await asked(dataDir, cwd, { session_id }, REFUSED_WITHIN_MS)).sessions[0];
}

async function asked(
  dataDir: string,
  cwd: string,
  question: SessionsQuestion,
  withinMs?: number,
): Promise<AgentSessions> {
  // Only a caller that asks for sessions has to load what starts a process.
  const { askAgents } = await import('../stack/ask-agents.js');
  return askAgents('sessions', dataDir, question, cwd, withinMs);
}

/** Ids in one filter. */
const AT_ONCE = 50;

/** @throws SessionError TEMPORAL_UNAVAILABLE, and what `agentSessions` throws */
export async function sessionsWithTopics(
  client: Client,
  ...about: Parameters<typeof agentSessions>
): Promise<AgentSessions> {
  const found = await agentSessions(...about);
  return { ...found, sessions: await withTopics(client, found.sessions) };
}

async function withTopics(client: Client, sessions: AgentSession[]): Promise<AgentSession[]> {
  const topics = new Map<string, { topic: TopicId; at: Date }>();
  try {
    for (let at = 0; at < sessions.length; at += AT_ONCE) {
      const ids = sessions.slice(at, at + AT_ONCE).map(({ session_id }) => sessionInFilter(session_id));
      for await (const run of client.workflow.list({
        query: `ContinuitySessions IN (${ids.join(', ')}) AND ExecutionStatus != 'ContinuedAsNew'`,
      }))
        for (const id of run.typedSearchAttributes.get(SESSIONS) ?? [])
          if (!topics.has(id) || run.startTime > topics.get(id)!.at)
            topics.set(id, { topic: topicOfWorkflow(run.workflowId), at: run.startTime });
    }
  } catch (error) {
    throw unreachable(error, 'say which topics have the sessions');
  }
  return sessions.map((session) => {
    const topic = topics.get(session.session_id)?.topic;
    return topic === undefined ? session : { ...session, topic };
  });
}
