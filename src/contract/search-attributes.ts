/** The search attributes of a topic; a worker refuses to start where they are missing, because an upsert of one would wedge the topic. */

export const SEARCH_ATTRIBUTES = {
  ContinuityTopic: 'Keyword',
  ContinuityProject: 'Keyword',
  /** The last 20 session ids: how a bare `session_id` finds its topic. */
  ContinuitySessions: 'KeywordList',
  ContinuityAgent: 'Keyword',
  ContinuityState: 'Keyword',
  ContinuityTurns: 'Int',
} as const;

/** PostgreSQL keeps a Keyword in a column of 255 characters; what is longer stands there with its end. */
export const MAX_KEYWORD_LENGTH = 255;
