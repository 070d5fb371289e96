/**
 * What activities see of an agent: one interface, one folder for each implementation, and one
 * conformance suite for all. Agents do not know Temporal. They import `contract`, and nothing else
 * of ours.
 */
import type { AgentDescription, AgentProgram, TranscriptMessage } from '../contract/agent-answers.js';
import type { Answer, Answered, Ask } from '../contract/asks.js';
import { Failed, type Failure } from '../contract/failures.js';
import type { PromptId, SessionId } from '../contract/ids.js';
import type { LeftBehind } from '../contract/left-behind.js';
import type { Recovery, TurnStatus, Usage } from '../contract/types.js';
import type { AgentCapabilities } from './capabilities.js';
import type { LastRequest, ModelPrice } from './last-request.js';

export interface OpenRequest {
  /** The same seed again opens the same session, if the agent lets us choose its id. */
  seed: string;
  /** What a person sees in the agent's own list of sessions. */
  title: string;
  cwd: string;
  model?: string;
  variant?: string;
  mode?: string;
}

/** A session that begins as a copy of another one. */
export interface ForkRequest extends OpenRequest {
  /** It is only read. */
  from: SessionRef;
  /** The copy ends with the turn of this prompt. */
  through: PromptId;
}

export interface OpenedSession {
  session_id: SessionId;
  /** The model that the session will use, if the agent says so. */
  model?: string;
  /**
   * Where the agent keeps the session. It is compared before each turn, because another store does
   * not know the session.
   */
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
  /** So many characters at the start of `prompt` are a brief. */
  brief_length?: number;
  /** What the turn has asked before, and how that was answered. */
  answered?: readonly Answered[];
  /** Decides what no person has to. Absent: everything is asked. */
  policy?: (ask: Ask) => Answer | undefined;
  /** Whether the turn has used what it may. Asked before it begins or goes on, and after each step. */
  budget?: (used: Usage | undefined, steps: number) => Stop | undefined;
  /**
   * Decides whether the prompt is put in. `compact`: the agent compacts the conversation first. A `Stop`
   * keeps the prompt out. Asked while the session does not have the prompt, until it was let in.
   */
  before_put?: () => Promise<Stop | 'compact' | undefined>;
  /** The turn ended for a reason that may be over, such as a usage limit, and is to go on. */
  goes_on?: true;
  /** The attempt before this one ended in order. To find the turn at work is no recovery then. */
  follows_a_wait?: true;
  /**
   * The turn may be cut off where the provider refuses for long, because it will go on later.
   * Otherwise the agent waits for the provider by itself.
   */
  may_be_parked?: true;
  /** The topic was closed with its sessions archived. An archived session is first put back. */
  may_be_archived?: true;
  /** If the turn is stopped, what its tools have left running is ended. */
  ends_left_behind?: true;
}

/** Why a turn does not go on: a person is asked whether it does, or it ends as a failure. */
export type Stop = { ask: Ask } | { denied: Failure };

export interface AgentOutcome {
  status: TurnStatus;
  /** The answer of this turn (`shared/reply.ts`). Empty when it has none. */
  reply: string;
  /** All texts of this turn, oldest first. Absent: the reply is all there is. */
  reply_parts?: string[];
  error?: Failure;
  model?: string;
  usage?: Usage;
  recovered?: Recovery;
  /** How often the agent compacted the conversation in this turn. Absent: never, or not known. */
  compacted?: number;
  /** Why the agent did not compact the conversation before the prompt, although it was asked to. */
  not_compacted?: string;
  /** When the provider takes requests again, if it said so. ISO 8601. */
  until?: string;
  /** A later prompt follows in the session, so the turn can never go on. */
  overtaken?: true;
  /** How the provider refused what it was sent. The same again names the same refusal. */
  refused?: string;
  /** What its tools have left running, as far as it is known. Oldest first. */
  left_behind?: LeftBehind[];
  /** Absent: the agent does not tell, or the model was not asked. */
  context?: LastRequest;
}

/** What a watcher sees of a turn. Each one replaces the one before. */
export interface TurnProgress {
  /** What the agent is doing, e.g. `bash: npm test`. */
  step?: string;
  /** The end of the text so far, at most 400 characters. */
  text_tail?: string;
  usage?: Usage;
  /** Why the model does not answer, while the agent waits to ask it again. */
  refused?: Failure;
}

/**
 * A tool that runs. A tool that starts a sub-agent is none: the sub-agent's own tools are reported
 * instead, so that a sub-agent that does nothing is seen.
 */
export interface RunningTool {
  /** Differs for all calls of a turn. */
  id: string;
  /** What it does, e.g. `bash: npm test`. */
  step: string;
  /** The limit that the agent has put on it, in ms. Absent: none is known. */
  limit_ms?: number;
}

export type TurnEvent =
  | { type: 'progress'; progress: TurnProgress }
  /** These tools run now. Reported every second while nothing else is. */
  | { type: 'running'; tools: readonly RunningTool[] }
  /** The policy has answered an ask. */
  | { type: 'answered'; answered: Answered }
  /** The agent waits for an answer. It keeps its turn, and nothing follows. */
  | { type: 'asked'; ask: Ask }
  | { type: 'outcome'; outcome: AgentOutcome };

/** A session that an agent's store has, no matter who began it. */
export interface StoredSession {
  session_id: SessionId;
  /** Where its work goes on. */
  cwd: string;
  /** When something was last stored in it. ISO 8601. */
  updated_at: string;
  /** What a person asked first, cut. */
  first_prompt?: string;
  /** The model that answered last, as the agent spells it. */
  model?: string;
}

/** With its store, as `OpenedSession` has it. */
export type FoundSession = StoredSession & Pick<OpenedSession, 'store'>;

export interface Agent {
  readonly name: string;
  readonly capabilities: AgentCapabilities;

  /**
   * Starts what the first turn would wait for, if turns of this data directory have used the agent
   * before. Absent: there is nothing to start.
   *
   * @throws AgentError
   */
  warm?(): Promise<void>;

  /** Idempotent by `seed`. @throws AgentError */
  open(request: OpenRequest, signal: AbortSignal): Promise<OpenedSession>;

  /**
   * Opens a session as a copy of another one, up to the end of a turn that has ended there. Idempotent by
   * `seed`. The other session may be at work meanwhile. Absent: the agent cannot.
   *
   * @throws AgentError SESSION_LOST; OUTCOME_UNKNOWN when that session does not have the prompt
   */
  fork?(request: ForkRequest, signal: AbortSignal): Promise<OpenedSession>;

  /**
   * Finds out what became of the prompt, and puts it in only if the session does not have it. Ends
   * with exactly one outcome event, or with an ask: the same call again, with its answer, goes on. If
   * the session has another text under the prompt's id, the outcome is PROMPT_ID_REUSED, and that
   * text's turn is neither touched nor reported.
   *
   * Aborting the signal *detaches*: the agent goes on working, and the iterable throws the signal's
   * reason once none of its requests is under way. To stop the agent's turn, call `cancel`.
   *
   * @throws AgentError that is retryable when the outcome cannot be found out. Run the turn again
   * later. It never guesses.
   */
  turn(request: TurnRequest, signal: AbortSignal): AsyncIterable<TurnEvent>;

  /**
   * Stops our turn in the session, and returns once the session is idle. Idempotent. If a prompt is
   * given, it is never put in or continued from now on. The turn of another prompt that this
   * process follows is left alone.
   */
  cancel(session: SessionRef, signal: AbortSignal, prompt?: PromptId): Promise<void>;

  /**
   * Deletes the session from the agent's store. Succeeds if there is none. Absent: the agent cannot.
   *
   * @throws AgentError
   */
  delete?(session: SessionRef, signal: AbortSignal): Promise<void>;

  /**
   * Takes the session out of the agent's own list of sessions. It stays in the store, and a turn
   * with `may_be_archived` goes on in it. A session in which something works is left alone. Absent:
   * the agent has no archive.
   *
   * @throws AgentError
   */
  archive?(session: SessionRef, signal: AbortSignal): Promise<'archived' | 'busy' | 'missing'>;

  /**
   * The sessions in the store that a person could go on in, newest first. Those of sub-agents are
   * left out. Starts nothing. Absent: the agent cannot tell.
   *
   * @throws AgentError
   */
  sessions?(): Promise<StoredSession[]>;

  /**
   * One session, with its model. Starts nothing. undefined: the store has no such session.
   *
   * @throws AgentError
   */
  find?(session: SessionId): Promise<FoundSession | undefined>;

  /**
   * The whole conversation, oldest first, from the agent's store. Starts nothing.
   *
   * @throws AgentError SESSION_LOST
   */
  transcript(session: SessionRef): Promise<TranscriptMessage[]>;

  /**
   * All that the turn of a prompt has said, from the agent's store. It changes nothing.
   *
   * @throws AgentError SESSION_LOST; OUTCOME_UNKNOWN when the session does not have the prompt
   */
  said(
    session: SessionRef,
    prompt: PromptId,
    signal: AbortSignal,
  ): Promise<Pick<AgentOutcome, 'reply' | 'reply_parts'>>;

  /** What a model costs, by the agent's own list. Absent, or undefined: not known. @throws AgentError, Unreachable */
  priceOf?(session: SessionRef, model: string | undefined): Promise<ModelPrice | undefined>;

  /** The program with which a person continues the session in a terminal. Starts nothing. */
  interface(session: SessionRef): Promise<AgentProgram>;

  /** For `doctor`: the version and the places of files, or what is wrong. Starts nothing. */
  describe(): Promise<AgentDescription>;

  /**
   * Lets go of the agent. `stop` also ends its processes; without it, they go on while a turn runs.
   * A second call with `stop` ends them without waiting for them.
   */
  close(options: { stop: boolean }): Promise<void>;
}

export type { AgentDescription, AgentProgram, TranscriptMessage } from '../contract/agent-answers.js';
export type { AgentCapabilities } from './capabilities.js';

/** A failure between us and an agent. */
export class AgentError extends Failed {
  override readonly name = 'AgentError';
  constructor(
    what: Failure,
    /** Whether the same call can succeed later. */
    readonly retryable: boolean,
    options?: ErrorOptions,
  ) {
    super(what, options);
  }
}
