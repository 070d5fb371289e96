/**
 * What an agent is to us: one interface, one folder for each implementation, one conformance suite for all.
 * Agents do not know Temporal; they import `contract` and nothing else of ours.
 */
import type { Failure } from '../contract/failures.js';
import type { PromptId, SessionId } from '../contract/ids.js';
import type { Recovery, TurnStatus, Usage } from '../contract/types.js';

export interface AgentCapabilities {
  /**
   * Whether the agent takes a session id that we choose. If false, an `open` that is interrupted can leave an
   * empty session behind in the agent's store.
   */
  readonly choosesSessionId: boolean;
  /**
   * Whether a prompt can be found in the agent's session under an id derived from ours. If false, promise 2
   * (put in once) cannot be kept after a crash, and such a turn ends as OUTCOME_UNKNOWN.
   */
  readonly promptIds: boolean;
  /** Whether a turn goes on while its worker is away. If false, it is continued from where it stopped. */
  readonly reattach: boolean;
  /** Whether a running turn can be stopped with the session staying usable. */
  readonly cancel: boolean;
  /** Whether tokens and cost are known, and of what. */
  readonly usage: 'per_turn' | 'none';
}

export interface OpenRequest {
  /** The same seed again opens the same session (where the agent lets us choose its id). */
  seed: string;
  /** What a person sees in the agent's own list of sessions. */
  title: string;
  cwd: string;
  model?: string;
  variant?: string;
  mode?: string;
}

export interface OpenedSession {
  session_id: SessionId;
  /** The model that it will use, where the agent says so. */
  model?: string;
  /** Where the agent keeps it. Compared before each turn: another store knows nothing of this session. */
  store: string;
}

/** A session as a turn needs it, exactly as pinned. */
export interface SessionRef {
  session_id: SessionId;
  cwd: string;
  store: string;
  model?: string;
  variant?: string;
  mode?: string;
  /** Appendix to the system prompt. */
  instructions?: string;
}

export interface TurnRequest {
  session: SessionRef;
  prompt_id: PromptId;
  prompt: string;
}

export interface AgentOutcome {
  status: TurnStatus;
  /** The last text of this turn. Empty when there was none. */
  reply: string;
  error?: Failure;
  model?: string;
  usage?: Usage;
  recovered?: Recovery;
}

/** What a watcher wants to know; each replaces the one before. */
export interface TurnProgress {
  /** What it is doing, e.g. `bash: npm test`. */
  step?: string;
  /** The last of the text so far, at most 400 characters. */
  text_tail?: string;
  usage?: Usage;
  /** Why its model does not answer now, while the agent waits to ask it again. Such a wait is no progress. */
  refused?: Failure;
}

export type TurnEvent = { type: 'progress'; progress: TurnProgress } | { type: 'outcome'; outcome: AgentOutcome };

/** `unknown`: the agent did not answer, or its store is not the one that the session was opened in. */
export type SessionExistence = 'exists' | 'missing' | 'unknown';

export interface Agent {
  readonly name: string;
  readonly capabilities: AgentCapabilities;

  /** Starts what a first turn would wait for, if this data directory's turns have used it before. Absent: there is nothing to start. @throws AgentError */
  warm?(): Promise<void>;

  /** Idempotent by `seed`. @throws AgentError */
  open(request: OpenRequest, signal: AbortSignal): Promise<OpenedSession>;

  /**
   * Reconciles first, then puts the prompt in if, and only if, the session does not hold it; ends with exactly one
   * outcome event. Where the session holds another text under the prompt's id, that is PROMPT_ID_REUSED, and nothing of
   * what it holds is touched or reported. Aborting the signal *detaches*: the iterable throws the signal's reason once nothing that it
   * sent is still under way; the agent goes on working. To stop the agent's turn, call `cancel`.
   *
   * @throws AgentError that is retryable, when it cannot tell: run it again, later. Never guesses.
   */
  turn(request: TurnRequest, signal: AbortSignal): AsyncIterable<TurnEvent>;

  /** Stops whatever of ours runs in the session, and returns once it is idle. Idempotent. */
  cancel(session: SessionRef, signal: AbortSignal): Promise<void>;

  /** Deletes the session from the agent's store; one that is not there is deleted. Absent: the agent cannot. @throws AgentError */
  delete?(session: SessionRef, signal: AbortSignal): Promise<void>;

  inspect(session: SessionRef, signal: AbortSignal): Promise<SessionExistence>;

  /** The whole conversation, oldest first, as the agent's store has it. Starts nothing. @throws AgentError SESSION_LOST */
  transcript(session: SessionRef): Promise<TranscriptMessage[]>;

  /** By which a person goes on in the session, in a terminal. Starts nothing. */
  interface(session: SessionRef): Promise<AgentProgram>;

  /** For `doctor`: version and where things are, or what is wrong. Starts nothing. */
  describe(): Promise<AgentDescription>;

  /** Lets go. `stop`: also end its processes; else they go on if a turn is running. Called again with `stop`, it ends them without waiting for them. */
  close(options: { stop: boolean }): Promise<void>;
}

/** One message of a conversation. */
export interface TranscriptMessage {
  role: 'user' | 'agent';
  /** ISO 8601. */
  at: string;
  model?: string;
  error?: string;
  parts: (
    | { type: 'text'; text: string; /** Put in by the agent's program, not said by anybody. */ by_agent?: true }
    | { type: 'tool'; tool: string; status: string; input: unknown; output?: string }
  )[];
}

export interface AgentProgram {
  program: string;
  args: string[];
  cwd: string;
  /** To be added to the environment; may hold a password. */
  env: Record<string, string>;
}

export interface AgentDescription {
  version?: string;
  program?: string;
  store?: string;
  log?: string;
  /** Worth knowing, and nothing wrong. */
  note?: string;
  problem?: Failure;
}

/** Facts of a failure of the plumbing between us and an agent. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
  constructor(
    readonly failure: Failure,
    /** Whether the same call can succeed later. */
    readonly retryable: boolean,
    options?: ErrorOptions,
  ) {
    super(failure.message, options);
  }
}
