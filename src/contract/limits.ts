/** Bounds that are part of the contract (promise 7). The workflow has no config: they are the same for every topic. */

export const MAX_PROMPT_BYTES = 64 * 1024;
export const MAX_QUEUED_PROMPTS = 200;
/** The queue is carried through continue-as-new in one payload, of which the server takes 2 MiB. */
export const MAX_QUEUED_BYTES = 1024 * 1024;
/** Temporal allows 10 updates in flight per workflow; two are left for cancel and close. */
export const MAX_HELD_CALLERS = 8;
export const MAX_REMEMBERED_IDS = 500;
/** As many as can be queued: every caller that was told `accepted` finds its outcome when it asks, however fast the turns are. */
export const MAX_REMEMBERED_OUTCOMES = 200;
/** All remembered outcomes together; the oldest go first. */
export const MAX_REMEMBERED_BYTES = 256 * 1024;
/** Replies are kept whole, newest first, as long as they fit in this together; the others up to the next number. */
export const MAX_WHOLE_REPLIES_BYTES = 64 * 1024;
export const MAX_REMEMBERED_REPLY_BYTES = 4 * 1024;
/** What a new session is told of the one that it replaces; goes in front of the prompt. */
export const MAX_BRIEF_BYTES = 4 * 1024;
/** A reply longer than this is cut in the result itself; the whole of it is in the agent's session. */
export const MAX_REPLY_BYTES = 256 * 1024;
export const MAX_CHECKS = 10;
export const MIN_CHECK_TIMEOUT_MS = 1000;
export const MAX_CHECK_TIMEOUT_MS = 24 * 60 * 60 * 1000;
export const DEFAULT_CHECK_TIMEOUT_MS = 10 * 60 * 1000;
export const DEFAULT_MAX_FIXES = 3;
export const MAX_FIXES = 20;
export const MAX_CHECK_OUTPUT_BYTES = 8 * 1024;
export const MAX_SESSIONS = 20;
export const MAX_REFUSED = 20;
