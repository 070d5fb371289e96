/** What `continuity sessions` and the library tell of the sessions in the agents' own stores. */
import type { Failure } from './failures.js';
import type { SessionId, TopicId } from './ids.js';

export interface AgentSession {
  session_id: SessionId;
  /** As config names it. */
  agent: string;
  /** Where its work goes on. */
  cwd: string;
  /** Absent where the directory is no longer there. */
  project?: string;
  /** When something was last stored in it. ISO 8601. */
  updated_at: string;
  /** What was asked first, on one line, cut. */
  first_prompt?: string;
  model?: string;
  /** That has it. Absent: none, so it can be taken over. */
  topic?: TopicId;
}

export interface AgentSessions {
  /** Newest first. */
  sessions: AgentSession[];
  /** How many more there are than were asked for. */
  more: number;
  /** Agents that did not tell theirs. */
  problems: { agent: string; error: Failure }[];
}

/** What the worker's program is asked. Each narrows. */
export interface SessionsQuestion {
  agent?: string;
  project?: string;
  session_id?: SessionId;
  limit?: number;
}
