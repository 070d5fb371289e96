/** The topics there are, from Temporal's visibility: no worker is needed. */
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import { topicOf, type SessionId, type TopicId } from '../contract/ids.js';
import { topicSession } from '../contract/messages.js';
import { MAX_KEYWORD_LENGTH } from '../contract/search-attributes.js';
import type { TopicLifeState } from '../contract/types.js';

export interface TopicSummary {
  topic: TopicId;
  state: TopicLifeState;
  project?: string;
  agent?: string;
  turns: number;
  /** The newest session of the topic. */
  session_id?: SessionId;
  started_at: string;
  closed_at?: string;
}

/** Each narrows; nothing said, all topics. */
export interface TopicFilter {
  state?: TopicLifeState;
  /** As config names it. */
  agent?: string;
  project?: string;
  /** Whose current run began before. */
  startedBefore?: Date;
}

const keys = {
  project: defineSearchAttributeKey('ContinuityProject', 'KEYWORD'),
  agent: defineSearchAttributeKey('ContinuityAgent', 'KEYWORD'),
  state: defineSearchAttributeKey('ContinuityState', 'KEYWORD'),
  turns: defineSearchAttributeKey('ContinuityTurns', 'INT'),
  sessions: defineSearchAttributeKey('ContinuitySessions', 'KEYWORD_LIST'),
};

export async function* listTopics(client: Client, { state, agent, project, startedBefore }: TopicFilter = {}): AsyncGenerator<TopicSummary> {
  const seen = new Set<string>();
  // A run that rolled over is not the topic's last; a topic that was closed and opened again is shown once, as it is now.
  const clauses = [`WorkflowType = '${topicSession}'`, `ExecutionStatus != 'ContinuedAsNew'`];
  if (agent !== undefined) clauses.push(`ContinuityAgent = ${literal(agent)}`);
  if (project !== undefined) clauses.push(`ContinuityProject = ${literal(project.slice(-MAX_KEYWORD_LENGTH))}`);
  if (startedBefore) clauses.push(`StartTime < '${startedBefore.toISOString()}'`);
  const query = clauses.join(' AND ');
  for await (const execution of client.workflow.list({ query })) {
    if (seen.has(execution.workflowId)) continue;
    seen.add(execution.workflowId);
    const { typedSearchAttributes: attributes, closeTime } = execution;
    const project = attributes.get(keys.project);
    const agent = attributes.get(keys.agent);
    const session = attributes.get(keys.sessions)?.at(-1) as SessionId | undefined;
    const open = execution.status.name === 'RUNNING';
    const life = open ? ((attributes.get(keys.state) as TopicLifeState | undefined) ?? 'idle') : 'closed';
    if (state !== undefined && state !== life) continue;
    yield {
      topic: topicOf(execution.workflowId),
      state: life,
      ...(project !== undefined && { project }),
      ...(agent !== undefined && { agent }),
      turns: attributes.get(keys.turns) ?? 0,
      ...(session !== undefined && { session_id: session }),
      started_at: execution.startTime.toISOString(),
      ...(closeTime && { closed_at: closeTime.toISOString() }),
    };
  }
}

function literal(value: string): string {
  return `'${value.replaceAll("'", "\\'")}'`;
}
