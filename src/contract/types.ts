/**
 * What goes over the wire: plain JSON in `snake_case`, read and written by language models, Python and the
 * `temporal` command. A field never changes its meaning; a new shape gets a new name.
 * Anyone may import this; it imports ids and failures.
 */
import type { Failure } from './failures.js';
import type { PromptId, SessionId, TopicId } from './ids.js';

/** What is asked, as the `prompt` update and signal take it. A bare string as a signal is `{ prompt }`. */
export interface PromptRequest {
  /** UTF-8, at most 64 KiB, not blank. */
  prompt: string;
  /** The same id again attaches to the first prompt. Left out: a new one. */
  prompt_id?: PromptId;
  /** Exactly this session of the topic, or a refusal. */
  session_id?: SessionId;
  /**
   * `new`: an unrelated task or a fresh perspective; not together with `session_id`. `resume`: the topic's session, or a
   * refusal where it has none. Default: `continue`, which opens a session where there is none.
   */
  session?: SessionWish;
  /** Why a new session; stands in the result. */
  reason?: string;
  /** When the topic's session is lost or corrupted; goes before what is pinned. Not `replace` together with `session_id`. */
  on_lost?: OnLost;
  /** The following five are what the caller says explicitly; what a session has pinned differently is a conflict. */
  agent?: string;
  model?: string;
  category?: string;
  skills?: string[];
  /** Absolute path. */
  cwd?: string;
  /** Where a session is opened when `cwd` is not given: the caller's own directory. Conflicts with nothing. */
  default_cwd?: string;
  /** Where the caller stands; keeps the same topic name in two projects apart. */
  project?: string;
  /** Its place among those that wait. Default: `queue`. */
  when?: When;
  /** `false`: the update answers `accepted` at once instead of waiting for the outcome. */
  wait?: boolean;
  /** Run after the turn, in this order, in the session's directory on its host. The first that fails goes back to the session to be fixed. */
  checks?: Check[];
  /** How often; 0 to 20. Default: 3. Only with `checks`. */
  max_fixes?: number;
  /** The topic closes by itself after so long without work, e.g. `7d` or milliseconds. The newest prompt that says it counts. */
  close_after?: string | number;
  /** By which a caller on the session's host shows that it may run any command there (`src/config/check-proof.ts`). */
  checks_proof?: string;
}

/** A command that tells by its exit code whether the work is good. */
export interface Check {
  /** As a shell takes it, e.g. `npm test`. */
  run: string;
  /** e.g. `10m`, or milliseconds; from 1 second to 24 hours. Default: 10 minutes. */
  timeout?: string | number;
}

/** How one command of a round ended. */
export interface CheckRun {
  run: string;
  passed: boolean;
  /** null: it did not end by itself. */
  exit_code: number | null;
  /** Why it did not end by itself, or could not begin. */
  stopped?: string;
  /** What of its output tells, at most 8 KiB: of the last round's command that failed. */
  output?: string;
  /** Of its output as a whole, stdout and stderr. */
  output_bytes: number;
  /** Processes that it left behind; they were ended. */
  left_behind?: number;
  duration_ms: number;
}

/** A turn and what its checks said. */
export interface CheckRound {
  turn: number;
  /** Of the first round the caller's; each fix has one of its own. */
  prompt_id: PromptId;
  status: TurnStatus;
  duration_ms: number;
  usage?: Usage;
  /** Up to the first that failed; empty when the turn itself did not complete. */
  ran: CheckRun[];
}

/** How the verification loop of a prompt went. */
export interface Checks {
  passed: boolean;
  max_fixes: number;
  /** Oldest first. */
  rounds: CheckRound[];
}

export const SESSION_WISHES = ['continue', 'new', 'resume'] as const;
export type SessionWish = (typeof SESSION_WISHES)[number];

export const WHEN = ['queue', 'next', 'interrupt'] as const;
/** `queue`: behind all that wait. `next`: before them. `interrupt`: before them, and the running turn is stopped; its session goes on. */
export type When = (typeof WHEN)[number];

export const ON_LOST = ['replace', 'fail'] as const;
/** `replace`: a new session with a brief of what was done. `fail`: the turn fails as SESSION_LOST or SESSION_CORRUPTED. */
export type OnLost = (typeof ON_LOST)[number];

/** Why a session can't go on: its agent no longer has it, or can't work with what it holds. */
export type Loss = 'lost' | 'corrupted';

/** What was resolved once, when the session was opened, and stays with it (promise 6). */
export interface Pinned {
  agent: string;
  /** As the agent spells it, e.g. `anthropic/claude-sonnet-4-5`. Absent: the agent's own default. */
  model?: string;
  /** The agent's own variant of the model, e.g. `high`. */
  variant?: string;
  /** The agent's own mode, e.g. `build` or `plan` of OpenCode. */
  mode?: string;
  category?: string;
  skills?: string[];
  /** What category and skills add to the system prompt. */
  instructions?: string;
  project: string;
  /** Without symbolic links. */
  cwd: string;
  /** As the caller named it, where that is spelt otherwise. */
  asked_cwd?: string;
  /** The host whose disk the session is on; its turns go to that host's task queue. */
  host: string;
  /** Where the agent keeps the session, e.g. the path of its database. */
  store: string;
  /** What becomes of a prompt of its topic when the session is lost. Absent in sessions of older releases: `replace`. */
  on_lost?: OnLost;
  /** How long its turns wait for a host that does not answer, in ms, all of them together. Absent in older sessions: 4 days. */
  host_timeout_ms?: number;
}

export interface SessionChoice {
  kind: 'new' | 'resumed' | 'replaced';
  /** e.g. `agent_changed`, `category_changed`, or the caller's own words; of `replaced`: `lost` or `corrupted`. */
  reason?: string;
  replaces?: SessionId;
}

export interface Usage {
  input_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
  cache_read_tokens: number;
  cache_write_tokens: number;
  cost_usd?: number;
}

export const TURN_STATUSES = ['completed', 'failed', 'cancelled'] as const;
export type TurnStatus = (typeof TURN_STATUSES)[number];

/** How a crash in mid-turn was survived. */
export type Recovery = 'reattached' | 'harvested' | 'continued';

/** How a turn ended. A failed or cancelled turn is a result too, with the session id on it (promise 4). */
export interface TurnResult {
  topic: TopicId;
  prompt_id: PromptId;
  /** The prompt's first line, at most 120 characters. Absent in outcomes of older releases. */
  goal?: string;
  /** null only when no session could be opened. */
  session_id: SessionId | null;
  session: SessionChoice;
  status: TurnStatus;
  /** The last text of this turn, never another turn's. */
  reply: string;
  reply_truncated?: true;
  error?: Failure;
  /** The prompt that a cancelled turn had to give way to. */
  interrupted_by?: PromptId;
  agent: string;
  model?: string;
  category?: string;
  /** Counts from 1 over the life of the topic; 0 for a prompt that was cancelled before its turn began. */
  turn: number;
  attempts: number;
  /** ISO 8601. */
  started_at: string;
  duration_ms: number;
  recovered?: Recovery;
  /** With checks: of all rounds together; what else stands here of a turn is of the last. */
  usage?: Usage;
  checks?: Checks;
}

/** The prompt is in Temporal's history and will be answered; ask for its outcome with the same `prompt_id`. */
export interface Accepted {
  status: 'accepted';
  topic: TopicId;
  prompt_id: PromptId;
}

/** Answer of the `outcome` query. */
export type PromptState =
  | { state: 'queued'; prompt_id: PromptId; /** 1 is next. */ position: number }
  | { state: 'running'; prompt_id: PromptId; turn: number; session_id: SessionId | null; started_at: string }
  | { state: 'ended'; prompt_id: PromptId; /** Absent once it fell out of the topic's memory. */ outcome?: TurnResult }
  | { state: 'refused'; prompt_id: PromptId; error: Failure }
  | { state: 'unknown'; prompt_id: PromptId; /** The topic does not know yet what it knew before. */ recalling?: true };

/** What the `forget` update answers. */
export interface Forgotten {
  topic: TopicId;
  /** The topic no longer knows these sessions. `deleted`: the agent's own conversation is gone as well. */
  sessions: { session_id: SessionId; agent: string; host: string; deleted: boolean; /** Why it was not deleted. */ kept_because?: string }[];
}

/** What the `cancel` update answers. */
export interface Cancelled {
  prompt_id: PromptId | null;
  /** `stopping`: the turn was running and ends as cancelled; `removed`: it was queued and ended as cancelled. */
  effect: 'stopping' | 'removed' | 'already_ended' | 'nothing_running';
}

export const TOPIC_STATES = ['idle', 'running', 'waiting', 'closed'] as const;
/** `waiting`: a turn waits for its host to answer. */
export type TopicLifeState = (typeof TOPIC_STATES)[number];

export interface SessionView {
  session_id: SessionId;
  pinned: Pinned;
  turns: number;
  opened_at: string;
  /** Set once a turn found it so, until a turn in it completes. */
  lost?: Loss;
  /** The one that the next prompt goes to unless it says otherwise. */
  current: boolean;
}

/** A prompt that came by signal and was refused: there was nobody to tell. */
export interface RefusedPrompt {
  prompt_id?: PromptId;
  error: Failure;
  at: string;
}

/** Everything a person wants to see of a topic: answer of the `view` query. */
export interface TopicView {
  topic: TopicId;
  state: TopicLifeState;
  /** The topic has just begun, and asks for what it knew before. */
  recalling?: true;
  closing: boolean;
  /** null before the first session. */
  session_id: SessionId | null;
  project?: string;
  sessions: SessionView[];
  turns: number;
  running?: { prompt_id: PromptId; prompt: string; turn: number; session_id: SessionId | null; started_at: string; waiting_for_host?: string; /** 1 and more while the session fixes what a check said. */ fix?: number; /** While its checks run. */ checking?: true };
  queue: { prompt_id: PromptId; prompt: string; accepted_at: string }[];
  /** Newest last. */
  outcomes: TurnResult[];
  /** Newest last. */
  refused: RefusedPrompt[];
  /** How many signals were refused over the life of the topic, also those that are no longer listed. */
  refused_total?: number;
  /** Sessions whose turn is to be stopped as soon as their host answers. */
  stopping?: SessionId[];
  /** When the topic closes by itself if no work comes. ISO 8601. */
  closes_at?: string;
  /** What keeps the topic from going on, such as TOPIC_STUCK. The client adds it: a topic does not know. */
  problem?: Failure;
}
