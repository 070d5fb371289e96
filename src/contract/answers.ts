/** What the updates `cancel`, `close` and `forget` answer, and the workflow that reads a reply. */
import type { PromptId, SessionId, TopicId } from './ids.js';

/** The answer of the `forget` update. */
export interface Forgotten {
  topic: TopicId;
  /**
   * The sessions that the topic no longer knows. `deleted`: the agent's own conversation is deleted
   * as well.
   */
  sessions: {
    session_id: SessionId;
    agent: string;
    host: string;
    deleted: boolean;
    /** Why it was not deleted. */ kept_because?: string;
  }[];
}

/** The answer of the `close` update. */
export interface Closed {
  /** How many prompts are left to work on. */
  remaining: number;
  /**
   * With `archive`, once nothing remains. `archived`: the agent's own list no longer has the session.
   */
  sessions?: {
    session_id: SessionId;
    agent: string;
    host: string;
    archived: boolean;
    /** Why it was not archived. */ kept_because?: string;
  }[];
}

/** The answer of the `cancel` update. */
export interface Cancelled {
  prompt_id: PromptId | null;
  /**
   * `stopping`: the turn was running and will end as cancelled. `removed`: the prompt was queued
   * and ended as cancelled.
   */
  effect: 'stopping' | 'removed' | 'already_ended' | 'nothing_running';
}

/** A page of all that a turn said, from its agent's own store. */
export interface ReplyPage {
  session_id: SessionId;
  /** Counts from 1. */
  page: number;
  pages: number;
  /**
   * Texts of the turn, oldest first, each with its number from 1. A text that is too long for a page
   * goes on in the next page under the same number.
   */
  parts: { part: number; text: string; /** It is the `reply` of the outcome. */ is_reply?: true }[];
}
