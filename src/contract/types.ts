/**
 * What goes over the wire: plain JSON in `snake_case`, read and written by language models, Python
 * and the `temporal` command. A field never changes its meaning; a new shape gets a new name.
 * Anyone may import this; it imports only ids, failures and other types.
 */
import type { AskedInTurn, Waiting } from './asks.js';
import type { TurnBudgets } from './budget.js';
import type { Check, Checks } from './checks.js';
import type { Failure } from './failures.js';
import type { ForkedFrom } from './fork.js';
import type { ForkWish } from './fork-wish.js';
import type { PromptId, SessionId, TopicId } from './ids.js';
import type { OnCold } from './session-context.js';
import type { LeftBehind } from './left-behind.js';
import type { Notifies } from './notices.js';
import type { Usage } from './usage.js';
import type { OnLost } from './on-lost.js';
import type { Moved, WorkspaceWish, Worktree } from './workspace.js';

/**
 * A request, as the `prompt` update and signal take it. A bare string as a signal means `{ prompt
 * }`.
 */
export interface PromptRequest extends Notifies {
  /** UTF-8, at most 64 KiB, not blank. */
  prompt: string;
  /** The same id again attaches to the first prompt. Without an id, the prompt is a new one. */
  prompt_id?: PromptId;
  /** The prompt runs in exactly this session of the topic, or is refused. */
  session_id?: SessionId;
  /**
   * With `session_id`: takes over a session that no topic has, from its agent's own store. Without
   * it such a session is refused.
   */
  adopt?: boolean;
  /** With `adopt`: the host whose agents have the session. Default: any. */
  host?: string;
  /**
   * The topic has no session yet, and its first one begins as a copy of another topic's. Not with
   * `session_id`, `session` or `on_lost`.
   */
  fork?: ForkWish;
  /**
   * `new`: opens a session for an unrelated task or a fresh perspective; not together with
   * `session_id`. `resume`: goes to the topic's session, and is refused if the topic has none.
   * Default: `continue`, which opens a session if the topic has none.
   */
  session?: SessionWish;
  /** Why the caller wants a new session; shown in the result. */
  reason?: string;
  /**
   * What to do if the topic's session is lost or corrupted. It overrides the value pinned in the
   * session. `replace` is refused together with `session_id`.
   */
  on_lost?: OnLost;
  /** What to do if its session is cold and expensive, instead of config's `onCold.do`. */
  on_cold?: OnCold;
  /**
   * The next five fields are what the caller says explicitly. A value that differs from what the
   * session has pinned is a conflict with a `session_id`, and otherwise a reason for another
   * session.
   */
  agent?: string;
  model?: string;
  category?: string;
  skills?: string[];
  /** Absolute path. */
  cwd?: string;
  /**
   * The caller's own directory. A session is opened here when `cwd` is not given. It never
   * conflicts with a session.
   */
  default_cwd?: string;
  /** The caller's project. It keeps the same topic name in two projects apart. */
  project?: string;
  /** The place of the prompt in the queue. Default: `queue`. */
  when?: When;
  /**
   * The prompt waits until its session is warm, because another prompt's turn made it so. It waits
   * for this time at most, e.g. `8h` or milliseconds; then it runs anyway. Prompts without this field
   * overtake it. Not with `when` or a new session.
   */
  when_warm?: string | number;
  /** `false`: the update answers `accepted` at once instead of waiting for the outcome. */
  wait?: boolean;
  /**
   * Commands that run after the turn, in this order, in the session's directory on its host. The
   * output of the first failed one goes back to the session, which is asked to fix it.
   */
  checks?: Check[];
  /** How often the session is asked to fix a failed check; 0 to 20. Default: 3. Only with `checks`. */
  max_fixes?: number;
  /** What the turn may use before a person is asked. They count instead of config's. */
  limits?: TurnBudgets;
  /** Where the agent works. It counts instead of config's. */
  workspace?: WorkspaceWish;
  /**
   * The topic closes by itself after this time without work, e.g. `7d` or milliseconds. The newest
   * prompt with this field counts.
   */
  close_after?: string | number;
  /**
   * Proves that the caller is on the session's host and may run any command there
   * (`src/host/check-proof.ts`).
   */
  checks_proof?: string;
}

export const SESSION_WISHES = ['continue', 'new', 'resume'] as const;
export type SessionWish = (typeof SESSION_WISHES)[number];

export const WHEN = ['queue', 'next', 'interrupt'] as const;
/**
 * `queue`: after all waiting prompts. `next`: before them. `interrupt`: before them, and the
 * running turn is stopped; its session stays usable.
 */
export type When = (typeof WHEN)[number];

export { ON_FULL, ON_LOST, type Loss, type OnFull, type OnLost } from './on-lost.js';

/**
 * The settings that are resolved once, when the session is opened, and stay with it (promise 6).
 */
export interface Pinned {
  agent: string;
  /** The program behind that name, e.g. `codex`. Absent in sessions of older releases. */
  kind?: string;
  /**
   * In the agent's spelling, e.g. `anthropic/claude-sonnet-4-5`. Absent: the agent's own default.
   */
  model?: string;
  /** The agent's own variant of the model, e.g. `high`. */
  variant?: string;
  /** The agent's own mode, e.g. `build` or `plan` of OpenCode. */
  mode?: string;
  category?: string;
  skills?: string[];
  /** What the category and the skills add to the system prompt. */
  instructions?: string;
  project: string;
  /** Absolute, without symbolic links. */
  cwd: string;
  /** The directory in the caller's spelling, if that differs from `cwd`. */
  asked_cwd?: string;
  /** The git work tree that `cwd` is in, if the topic has one for itself. */
  workspace?: Worktree;
  /** The host whose disk has the session. Turns of the session go to that host's task queue. */
  host: string;
  /** Where the agent keeps the session, e.g. the path of its database. */
  store: string;
  /**
   * What happens to a prompt for the topic when the session is lost. Absent in sessions of older
   * releases: `replace`.
   */
  on_lost?: OnLost;
  /**
   * How long all turns of the session together wait for a host that does not answer, in ms. Absent
   * in sessions of older releases: 4 days.
   */
  host_timeout_ms?: number;
}

export interface SessionChoice {
  kind: 'new' | 'resumed' | 'replaced';
  /**
   * e.g. `agent_changed`, `category_changed`, or the caller's own words. For `replaced`: `lost`,
   * `corrupted`, `full` or `cold`. For `resumed`: `adopted` if the topic took the session over with this prompt.
   * For `new`: `forked`, or `forked_with_brief` where the agent could not copy the session.
   */
  reason?: string;
  /** The session of another topic that this one is a copy of, or was told of in a brief. */
  forked_from?: ForkedFrom;
  replaces?: SessionId;
  /** The session of another agent that had the topic until now. The prompt carries a brief of its work. */
  follows?: SessionId;
  /** What the prompt changed in a session that goes on. */
  changed?: Changed;
}

/** The new values of what changed. */
export type Changed = Partial<Pick<Pinned, 'agent' | 'model' | 'variant' | 'mode' | 'category' | 'skills'>>;

export type { Usage } from './usage.js';

export const TURN_STATUSES = ['completed', 'failed', 'cancelled'] as const;
export type TurnStatus = (typeof TURN_STATUSES)[number];

/** How a turn survived a crash. */
export type Recovery = 'reattached' | 'harvested' | 'continued';

/**
 * A weaker promise 2, of an agent that cannot find a prompt again: the prompt was put in at most
 * once, and a crash in the middle leaves it unknown how the turn ended.
 */
export type Guarantee = 'at_most_once_unknown';

/**
 * How a turn ended. A failed or cancelled turn is a result too, and has the session id (promise 4).
 */
export interface TurnResult {
  topic: TopicId;
  prompt_id: PromptId;
  /** The prompt's first line, at most 120 characters. Absent in outcomes of older releases. */
  goal?: string;
  /** null only if no session could be opened. */
  session_id: SessionId | null;
  session: SessionChoice;
  status: TurnStatus;
  /** The answer of this turn, never another turn's. */
  reply: string;
  reply_truncated?: true;
  /** All texts of this turn, oldest first, in at most 1.25 KiB. Absent: `reply` is all. */
  reply_parts?: string[];
  /** Some of them are cut. `SessionManager.reply` reads the whole. */
  reply_parts_truncated?: true;
  error?: Failure;
  /** The prompt that interrupted this turn. */
  interrupted_by?: PromptId;
  agent: string;
  model?: string;
  category?: string;
  /**
   * Counts from 1 over the life of the topic. 0 for a prompt that was cancelled before its turn
   * started.
   */
  turn: number;
  attempts: number;
  /** ISO 8601. */
  started_at: string;
  duration_ms: number;
  recovered?: Recovery;
  /** Absent: the prompt was put in once, and how it ended is known whatever was killed. */
  guarantee?: Guarantee;
  /**
   * The model that the session has, or `default`. It could not answer, and `model` has worked
   * instead of it.
   */
  fell_back_from?: string;
  /** How often the agent compacted the conversation in this turn. Absent: never, or not known. */
  compacted?: number;
  /** Why it was not compacted before the prompt, although `onCold` said so. */
  not_compacted?: string;
  /** Of all check rounds together. The other fields describe the turn of the last round. */
  usage?: Usage;
  checks?: Checks;
  /** What the turn asked, and who answered. Oldest first. */
  asks?: AskedInTurn[];
  /** The topics whose turns worked in the same directory meanwhile. Absent: none. */
  shares_directory_with?: TopicId[];
  /** The git work tree that the topic has for itself. Absent: none. */
  workspace?: Worktree;
  /** Set when the repository has moved since the session's last turn. The agent was told. */
  ground?: Moved;
  /** What its tools have left running on the session's host. Absent: nothing, or it is not known. */
  left_behind?: LeftBehind[];
}

/**
 * The prompt is in Temporal's history and will be answered. Ask for its outcome with the same
 * `prompt_id`.
 */
export interface Accepted {
  status: 'accepted';
  topic: TopicId;
  prompt_id: PromptId;
}

/** Answer of the `outcome` query. */
export type PromptState =
  | {
      state: 'queued';
      prompt_id: PromptId;
      /** 1 is next. */ position: number;
      /** It waits for a warm session, and runs then at the latest (`when_warm`). ISO 8601. */ runs_by?: string;
    }
  | {
      state: 'running';
      prompt_id: PromptId;
      turn: number;
      session_id: SessionId | null;
      started_at: string;
      /** What the turn waits for. */ waiting?: Waiting;
    }
  | { state: 'ended'; prompt_id: PromptId; /** Absent once it is no longer remembered. */ outcome?: TurnResult }
  | { state: 'refused'; prompt_id: PromptId; error: Failure }
  | { state: 'unknown'; prompt_id: PromptId; /** Set while the topic recalls its state. */ recalling?: true };
