/** Lists topics from Temporal's visibility, which needs no worker. */
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { defined } from '../contract/defined.js';
import { topicOfWorkflow, type SessionId, type TopicId } from '../contract/ids.js';
import { topicSession } from '../contract/messages.js';
import { MAX_KEYWORD_LENGTH, SESSIONS } from '../contract/search-attributes.js';
import type { Failure } from '../contract/failures.js';
import type { TopicLifeState } from '../contract/views.js';
import { unreachable } from './grpc-errors.js';
import { isOpen } from './is-running.js';
import { problemIn } from './topic-problem.js';

export interface TopicSummary {
  topic: TopicId;
  state: TopicLifeState;
  project?: string;
  agent?: string;
  turns: number;
  /** All tokens that it has used. Absent: none were reported. */
  tokens?: number;
  /** What it has cost. Absent where the cost of any turn is not known. */
  cost_usd?: number;
  /** The session that the next prompt goes to. */
  session_id?: SessionId;
  /** Its other sessions, oldest first. */
  other_sessions?: SessionId[];
  started_at: string;
  closed_at?: string;
  /** Why the topic does not go on, such as TOPIC_STUCK. */
  problem?: Failure;
}

/** Each field narrows the list. An empty filter means all topics. */
export interface TopicFilter {
  state?: TopicLifeState;
  /** The agent's name in the config. */
  agent?: string;
  project?: string;
  /** Only topics whose current run started before this time. */
  startedBefore?: Date;
}

const keys = {
  project: defineSearchAttributeKey('ContinuityProject', 'KEYWORD'),
  agent: defineSearchAttributeKey('ContinuityAgent', 'KEYWORD'),
  state: defineSearchAttributeKey('ContinuityState', 'KEYWORD'),
  turns: defineSearchAttributeKey('ContinuityTurns', 'INT'),
  tokens: defineSearchAttributeKey('ContinuityTokens', 'INT'),
  cost: defineSearchAttributeKey('ContinuityCostUsd', 'DOUBLE'),
  sessions: SESSIONS,
};

/** @throws SessionError TEMPORAL_UNAVAILABLE */
export async function* listTopics(client: Client, filter: TopicFilter = {}): AsyncGenerator<TopicSummary> {
  const seen = new Set<string>();
  try {
    // A run that continued as new is not its topic's last. A topic that was closed and opened again
    // is listed once, in its current state, so filters apply after that.
    for await (const execution of client.workflow.list({
      query: `WorkflowType = '${topicSession}' AND ExecutionStatus != 'ContinuedAsNew'`,
    })) {
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
  const sessions = (attributes.get(keys.sessions) ?? []) as SessionId[];
  const session = sessions.at(-1);
  const open = isOpen(execution);
  const problem = problemIn(execution);
  return {
    topic: topicOfWorkflow(execution.workflowId),
    state: open ? ((attributes.get(keys.state) as TopicLifeState | undefined) ?? 'idle') : 'closed',
    ...defined({ project, agent }),
    turns: attributes.get(keys.turns) ?? 0,
    ...defined({ tokens: attributes.get(keys.tokens), cost_usd: attributes.get(keys.cost) }),
    ...defined({ session_id: session }),
    ...(sessions.length > 1 && { other_sessions: sessions.slice(0, -1) }),
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
