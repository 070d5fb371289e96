/** The topics there are, from Temporal's visibility: no worker is needed. */
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { topicOf, type SessionId, type TopicId } from '../contract/ids.js';
import { topicSession } from '../contract/messages.js';
import { MAX_KEYWORD_LENGTH } from '../contract/search-attributes.js';
import type { Failure } from '../contract/failures.js';
import type { TopicLifeState } from '../contract/types.js';
import { unreachable } from './grpc-errors.js';
import { problemIn } from './topic-problem.js';

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
  /** What keeps it from going on, such as TOPIC_STUCK. */
  problem?: Failure;
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

/** @throws SessionError TEMPORAL_UNAVAILABLE */
export async function* listTopics(client: Client, filter: TopicFilter = {}): AsyncGenerator<TopicSummary> {
  const seen = new Set<string>();
  try {
    // A run that rolled over is not the topic's last; a topic that was closed and opened again is shown once, as it is now: filters come after that.
    for await (const execution of client.workflow.list({ query: `WorkflowType = '${topicSession}' AND ExecutionStatus != 'ContinuedAsNew'` })) {
      if (seen.has(execution.workflowId)) continue;
      seen.add(execution.workflowId);
      const topic = summaryOf(execution);
      if (passes(topic, filter)) yield topic;
    }
  } catch (error) {
    throw unreachable(error, 'list the topics');
  }
}

function summaryOf(execution: WorkflowExecutionInfo): TopicSummary {
  const { typedSearchAttributes: attributes, closeTime } = execution;
  const project = attributes.get(keys.project);
  const agent = attributes.get(keys.agent);
  const session = attributes.get(keys.sessions)?.at(-1) as SessionId | undefined;
  const open = execution.status.name === 'RUNNING';
  const problem = problemIn(execution);
  return {
    topic: topicOf(execution.workflowId),
    state: open ? ((attributes.get(keys.state) as TopicLifeState | undefined) ?? 'idle') : 'closed',
    ...(project !== undefined && { project }),
    ...(agent !== undefined && { agent }),
    turns: attributes.get(keys.turns) ?? 0,
    ...(session !== undefined && { session_id: session }),
    started_at: execution.startTime.toISOString(),
    ...(problem && { problem }),
    ...(closeTime && { closed_at: closeTime.toISOString() }),
  };
}

function passes(topic: TopicSummary, { state, agent, project, startedBefore }: TopicFilter): boolean {
  return (
    (state === undefined || topic.state === state) &&
    (agent === undefined || topic.agent === agent) &&
    (project === undefined || topic.project === project.slice(-MAX_KEYWORD_LENGTH)) &&
    (startedBefore === undefined || new Date(topic.started_at) < startedBefore)
  );
}
