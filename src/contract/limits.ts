/**
 * Bounds that are part of the contract (promise 7). The workflow has no config: they are the same for every topic.
 * Everything that a topic remembers travels in one payload when it continues as new, and the server takes 2 MiB in one.
 * So the bounds are in bytes of JSON, and together they stay below that (`test/unit/workflows/bounds.test.ts`).
 */

const KIB = 1024;

/** Of the prompt's own text, in UTF-8. */
export const MAX_PROMPT_BYTES = 64 * KIB;
export const MAX_QUEUED_PROMPTS = 200;
/** Of one request with all its fields, as JSON. */
export const MAX_REQUEST_BYTES = 192 * KIB;
/** Of all requests that wait, as JSON. */
export const MAX_QUEUED_BYTES = 640 * KIB;
/** Temporal allows 10 updates in flight per workflow; two are left for cancel and close. */
export const MAX_HELD_CALLERS = 8;
/** The replies that go out to callers in one workflow task: gRPC carries 4 MiB, and the carried state may be in it. */
export const MAX_ANSWERED_BYTES = 1024 * KIB;
/** Of accepted prompts, and as many of refused ones. */
export const MAX_REMEMBERED_IDS = 2000;
export const MAX_REMEMBERED_IDS_BYTES = 128 * KIB;
export const MAX_REFUSED_IDS_BYTES = 96 * KIB;
/** As many as can be queued: every caller that was answered `accepted` finds its outcome when it asks. */
export const MAX_REMEMBERED_OUTCOMES = 200;
/** All remembered outcomes but the newest, as JSON. The oldest go first. The newest is always kept, and whole. */
export const MAX_REMEMBERED_BYTES = 256 * KIB;
/** Replies are kept whole, newest first, as long as they fit in this together; the others up to the next number. */
export const MAX_WHOLE_REPLIES_BYTES = 192 * KIB;
export const MAX_REMEMBERED_REPLY_BYTES = 4 * KIB;
/** The text in front of the prompt that tells a new session about the one that it replaces. */
export const MAX_BRIEF_BYTES = 4 * KIB;
/** A reply that takes more as JSON is cut in the result; the whole of it is in the agent's session. */
export const MAX_REPLY_BYTES = 256 * KIB;
/** One outcome without its reply. */
export const MAX_OUTCOME_FACTS_BYTES = 64 * KIB;
export const MAX_CHECKS = 10;
export const MIN_CHECK_TIMEOUT_MS = 1000;
export const MAX_CHECK_TIMEOUT_MS = 24 * 60 * 60 * 1000;
export const DEFAULT_CHECK_TIMEOUT_MS = 10 * 60 * 1000;
export const DEFAULT_MAX_FIXES = 3;
export const MAX_FIXES = 20;
export const MAX_CHECK_OUTPUT_BYTES = 8 * KIB;
export const MAX_SESSIONS = 20;
export const MAX_SESSIONS_BYTES = 128 * KIB;
/** Refusals that are shown with their words. */
export const MAX_REFUSED = 20;
export const MAX_REFUSED_BYTES = 32 * KIB;
