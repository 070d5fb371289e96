/**
 * The search attributes of a topic. A worker refuses to start when one of them is missing on the
 * server, because an upsert of a missing attribute fails every workflow task of the topic.
 */
import { defineSearchAttributeKey, type TypedSearchAttributes } from '@temporalio/common';
import type { SessionId } from './ids.js';

export const SEARCH_ATTRIBUTES = {
  ContinuityTopic: 'Keyword',
  ContinuityProject: 'Keyword',
  /**
   * The last 20 session ids, the current one last. The client finds the topic of a bare
   * `session_id` with them.
   */
  ContinuitySessions: 'KeywordList',
  ContinuityAgent: 'Keyword',
  ContinuityState: 'Keyword',
  ContinuityTurns: 'Int',
  /** All tokens that the topic has used, cached or not. Absent: nothing was reported. */
  ContinuityTokens: 'Int',
  /** Absent where the cost of any turn is not known. */
  ContinuityCostUsd: 'Double',
} as const;

/** SQL databases keep a Double in 15 digits before the point and 5 after it (Temporal 1.32.0). */
const MOST_OF_A_DOUBLE = 1e14;
const LEAST_OF_A_DOUBLE = 1e-5;

/** A cost as the server can keep it. One that is known and tiny does not become 0. */
export function costAsAttribute(usd: number): number {
  if (!(usd > 0)) return 0;
  return Number(Math.min(Math.max(usd, LEAST_OF_A_DOUBLE), MOST_OF_A_DOUBLE).toFixed(5));
}

/** A count of tokens as the server can keep it: an agent may report parts of tokens. */
export function tokensAsAttribute(tokens: number): number {
  return Math.round(Math.min(Math.max(tokens, 0), Number.MAX_SAFE_INTEGER));
}

/** Quotes a text for a list filter of Temporal's visibility. */
export function quotedInFilter(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/**
 * Quotes a session for a filter. SQLite takes a quotation mark for its own syntax and fails, and
 * finds the words without it (Temporal 1.32.0). Other databases don't find such a session.
 */
export function sessionInFilter(session: SessionId): string {
  return quotedInFilter(session.replaceAll('"', ' '));
}

/** The filter for the runs that have the session, or one whose id has the same words in it. */
export function havingSession(session: SessionId): string {
  return `ContinuitySessions = ${sessionInFilter(session)} AND ExecutionStatus != 'ContinuedAsNew'`;
}

export const SESSIONS = defineSearchAttributeKey('ContinuitySessions', 'KEYWORD_LIST');

/**
 * Whether a run that the filter found has this very session. SQLite compares the words of an id, in
 * any case (Temporal 1.32.0): it finds `ses-1-2` for `SES-1`.
 */
export function hasSession(
  { typedSearchAttributes }: { typedSearchAttributes: TypedSearchAttributes },
  session: SessionId,
): boolean {
  return typedSearchAttributes.get(SESSIONS)?.includes(session) ?? false;
}

/**
 * PostgreSQL keeps a Keyword in a column of 255 characters. A longer value is stored with its last
 * characters only.
 */
export const MAX_KEYWORD_LENGTH = 255;
