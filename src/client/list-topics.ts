/** The topics there are, from Temporal's visibility: no worker is needed. */
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import { topicOf, type SessionId, type TopicId } from '../contract/ids.js';
import { topicSession } from '../contract/messages.js';
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

const keys = {
  project: defineSearchAttributeKey('ContinuityProject', 'KEYWORD'),
  agent: defineSearchAttributeKey('ContinuityAgent', 'KEYWORD'),
  state: defineSearchAttributeKey('ContinuityState', 'KEYWORD'),
  turns: defineSearchAttributeKey('ContinuityTurns', 'INT'),
  sessions: defineSearchAttributeKey('ContinuitySessions', 'KEYWORD_LIST'),
};

export async function* listTopics(client: Client): AsyncGenerator<TopicSummary> {
  const seen = new Set<string>();
  // A run that rolled over is not the topic's last; a topic that was closed and opened again is shown once, as it is now.
  const query = `WorkflowType = '${topicSession}' AND ExecutionStatus != 'ContinuedAsNew'`;
  for await (const execution of client.workflow.list({ query })) {
    if (seen.has(execution.workflowId)) continue;
    seen.add(execution.workflowId);
    const { typedSearchAttributes: attributes, closeTime } = execution;
    const project = attributes.get(keys.project);
    const agent = attributes.get(keys.agent);
    const session = attributes.get(keys.sessions)?.at(-1) as SessionId | undefined;
    const open = execution.status.name === 'RUNNING';
    yield {
      topic: topicOf(execution.workflowId),
      state: open ? ((attributes.get(keys.state) as TopicLifeState | undefined) ?? 'idle') : 'closed',
      ...(project !== undefined && { project }),
      ...(agent !== undefined && { agent }),
      turns: attributes.get(keys.turns) ?? 0,
      ...(session !== undefined && { session_id: session }),
      started_at: execution.startTime.toISOString(),
      ...(closeTime && { closed_at: closeTime.toISOString() }),
    };
  }
}
