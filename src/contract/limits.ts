/**
 * Bounds that are part of the contract (promise 7). They are the same for every topic, because a
 * workflow reads no config. Continue-as-new carries everything that a topic remembers in one
 * payload, and the server takes at most 2 MiB in one. So these bounds count bytes of JSON, and
 * their sum stays below 2 MiB (`test/unit/workflows/bounds.test.ts`). Where the largest requests
 * would exceed it, the oldest outcomes are not carried.
 */

const KIB = 1024;

/** What Temporal takes in one payload (`limit.blobSize.error`), less what stands around it. */
export const MAX_CARRIED_BYTES = 2048 * KIB - 16 * KIB;

/** The text of a prompt, in UTF-8. */
export const MAX_PROMPT_BYTES = 64 * KIB;
export const MAX_QUEUED_PROMPTS = 200;
/** One request with all its fields, as JSON. */
export const MAX_REQUEST_BYTES = 192 * KIB;
/** All queued requests together, as JSON. */
export const MAX_QUEUED_BYTES = 640 * KIB;
/**
 * Temporal allows 10 updates in flight per workflow. Two of them are left for `cancel` and `close`.
 */
export const MAX_HELD_CALLERS = 8;
/**
 * The replies that one workflow task sends to callers. A gRPC message carries 4 MiB, and the state
 * that continue-as-new carries may be in the same message.
 */
export const MAX_ANSWERED_BYTES = 1024 * KIB;
/** Accepted prompt ids, and as many refused ones. */
export const MAX_REMEMBERED_IDS = 2000;
export const MAX_REMEMBERED_IDS_BYTES = 128 * KIB;
export const MAX_REFUSED_IDS_BYTES = 96 * KIB;
/** As many as the queue holds: every caller that got `accepted` finds its outcome when it asks. */
export const MAX_REMEMBERED_OUTCOMES = 200;
/**
 * All remembered outcomes except the newest, as JSON. The oldest are dropped first. The newest
 * outcome is always kept whole.
 */
export const MAX_REMEMBERED_BYTES = 256 * KIB;
/**
 * Whole replies, newest first, are kept up to this sum. Every other reply is cut to
 * `MAX_REMEMBERED_REPLY_BYTES`.
 */
export const MAX_WHOLE_REPLIES_BYTES = 192 * KIB;
export const MAX_REMEMBERED_REPLY_BYTES = 4 * KIB;
/** The text before the prompt that describes to a session what was done in others. */
export const MAX_BRIEF_BYTES = 4 * KIB;
/** Within a brief: the files that changed. */
export const MAX_CHANGED_FILES_BYTES = KIB;
/**
 * A reply that is longer than this as JSON is cut in the result. The agent's session has the whole
 * reply, and `SessionManager.reply` reads it there.
 */
export const MAX_REPLY_BYTES = 256 * KIB;
/** All texts of a turn in its outcome, as JSON. A host of an older release sends so much. */
export const MAX_REPLY_PARTS_BYTES = 2 * KIB;
/**
 * And what a host of this release sends. An outcome is in the history twice, and a turn costs at most
 * 8 KiB beside its reply, with what it says of its session, its directory and its usage.
 */
export const SENT_REPLY_PARTS_BYTES = 1.25 * KIB;
/** The newest of them. */
export const MAX_REPLY_PARTS = 40;
/** So many of the newest outcomes have them. */
export const MAX_OUTCOMES_WITH_PARTS = 10;
/** One page of all that a turn said, as JSON. A model reads it. */
export const MAX_REPLY_PAGE_BYTES = 64 * KIB;
/** One outcome without its reply, as JSON. */
export const MAX_OUTCOME_FACTS_BYTES = 64 * KIB;
export const MAX_CHECKS = 10;
export const MIN_CHECK_TIMEOUT_MS = 1000;
export const MAX_CHECK_TIMEOUT_MS = 24 * 60 * 60 * 1000;
export const DEFAULT_CHECK_TIMEOUT_MS = 10 * 60 * 1000;
export const DEFAULT_MAX_FIXES = 3;
export const MAX_FIXES = 20;
export const MAX_CHECK_OUTPUT_BYTES = 8 * KIB;
/** The days on which a topic has worked of which it knows what was used on each. */
export const MAX_LEDGER_DAYS = 60;
export const MAX_LEDGER_BYTES = 12 * KIB;
export const MAX_SESSIONS = 20;
export const MAX_SESSIONS_BYTES = 128 * KIB;
/** Cancels that named no prompt, of which a reset may hand in each again. */
export const MAX_REMEMBERED_CANCELS = 50;
/** Refusals that the topic shows with their messages. */
export const MAX_REFUSED = 20;
export const MAX_REFUSED_BYTES = 32 * KIB;
/** The processes in one outcome that its turn has left running. */
export const MAX_LEFT_BEHIND = 10;
/** The text of an answer to an ask, in UTF-8. */
export const MAX_ANSWER_BYTES = 4 * KIB;
/** An ask as JSON. Longer texts are cut. */
export const MAX_ASK_BYTES = 8 * KIB;
/** The newest asks of a turn that are remembered. */
export const MAX_ASKS_OF_TURN = 100;
/** The answers of one turn that the next attempt may need, as JSON. The oldest are dropped first. */
export const MAX_ANSWERED_BYTES_OF_TURN = 48 * KIB;
/** The newest answers about budgets that are remembered beside them. */
export const MAX_BUDGET_ASKS = 8;
export const MAX_BUDGET_ASKS_BYTES = 8 * KIB;
/** The asks in one outcome, as JSON. */
export const MAX_ASKS_IN_OUTCOME_BYTES = 16 * KIB;
/** Notices that their commands have not got yet. */
export const MAX_NOTICES = 200;
/** As JSON. Their replies and asks are left out first, then the oldest notices are dropped. */
export const MAX_NOTICES_BYTES = 96 * KIB;
/** The reply of an outcome, or the text of an ask, in a notice. */
export const MAX_NOTICE_TEXT_BYTES = 2 * KIB;
/** The asks and silences of one prompt of which a notice is made. */
export const MAX_NOTICES_OF_PROMPT = 100;
