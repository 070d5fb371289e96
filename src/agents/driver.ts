/**
 * The interface that each agent's folder implements. A driver knows *how* its agent opens a
 * session, reports what became of a prompt, and takes a prompt. It never decides *when*: `turn/`
 * does, for all agents alike.
 *
 * - `look` changes nothing. It throws `Unreachable` when nothing is known, and never guesses.
 * - `put` receives what `look` saw. The protocol never calls it while something works in the
 *   session.
 * - Signals only wake the waiter and feed progress. The truth is what `look` reads, so a lost
 *   signal costs one poll.
 */
import type { AgentConfig } from '../config.js';
import type { Answer, Ask } from '../contract/asks.js';
import type { Failure } from '../contract/failures.js';
import type { PromptId, SessionId } from '../contract/ids.js';
import type { TurnStatus } from '../contract/types.js';
import type { Leftover, Moment } from '../host/leftovers.js';
import type {
  AgentCapabilities,
  AgentDescription,
  AgentOutcome,
  AgentProgram,
  ForkRequest,
  OpenedSession,
  OpenRequest,
  RunningTool,
  SessionRef,
  StoredSession,
  TranscriptMessage,
} from './agent.js';
import type { AgentSignal } from './agent-signal.js';
import type { DriverCompaction } from './compaction.js';
import type { ModelPrice } from './last-request.js';

/**
 * A prompt's id in the agent's own store, derived from our id. The same prompt of the same session
 * has the same key for ever.
 */
export type PromptKey = string & { readonly __brand: 'PromptKey' };

export type DriverForkRequest = Omit<ForkRequest, 'through'> & { through: PromptKey };

export interface KeyedPrompt {
  key: PromptKey;
  text: string;
}

/** What one look at a session shows of a prompt. */
export interface Sight {
  /**
   * The key of the prompt. If `look` was given no key, it is the session's last prompt. Absent:
   * that prompt is not ours.
   */
  key?: PromptKey;
  prompt: 'absent' | 'present';
  /**
   * The text in the session under the key. Absent: there is none yet, because a kill can come
   * between a message and its text.
   */
  text?: string;
  /**
   * How the turn ended. Valid only while nothing works in the session, or when a later prompt
   * follows.
   */
  end?: {
    status: TurnStatus;
    error?: Failure;
    /** When the provider takes requests again, if it said so. ISO 8601. */ until?: string;
    /** How the provider refused what it was sent (`shared/refused-content.ts`). Absent: it did not. */
    refused?: string;
  };
  /** Whether a later prompt follows in the session. If so, this prompt must never be put in again. */
  superseded: boolean;
  /**
   * Whose turn works in the session now: this prompt's (`this`), another one of ours (`ours`), or
   * one that a person started (`theirs`). A person's turn counts even if it may run in a program of
   * that person. A turn works as long as anything works for it in the background.
   */
  busy: false | 'this' | 'ours' | 'theirs';
  /**
   * How many agents work for the turn in the background while its own agent has nothing to do. 0:
   * none does, and its own agent may be told something at any moment. Absent: its own agent works,
   * or nothing does. The driver bounds how long it reports 0.
   */
  background?: number;
  /** How many requests to the model have ended in this turn. */
  steps: number;
  /** Changes whenever anything in the turn changes. */
  fingerprint: string;
  /** What the turn has done so far, as the signals that would have reported it. */
  done(): readonly AgentSignal[];
  /** What an outcome reports of the turn so far. */
  said(): Pick<AgentOutcome, 'reply' | 'reply_parts' | 'model' | 'usage' | 'compacted' | 'not_compacted' | 'context'>;
}

export type { AgentSignal } from './agent-signal.js';

export interface AgentDriver<S extends Sight = Sight> {
  readonly capabilities: AgentCapabilities;
  /** Where the agent keeps its sessions. */
  readonly store: string;
  /** The environment variables that decide where the store is. For a person to read. */
  readonly storeIsSetBy: string;
  /** The log file of the agent's program. */
  readonly log: string;
  /** How often a turn that stops without a reason is continued before it is given up. */
  readonly maxPuts: number;

  /**
   * Called before each session is opened and before each turn.
   *
   * @throws AgentError when nothing may be put in now
   */
  check(): Promise<void>;
  /**
   * Starts what a first turn would wait for, if the agent was used before. Absent: there is nothing
   * to start.
   */
  warm?(): Promise<void>;

  /**
   * Opens a session. Idempotent by `seed`, if the agent takes an id that we choose.
   *
   * @throws AgentError
   */
  open(request: OpenRequest, signal: AbortSignal): Promise<OpenedSession>;
  /**
   * Opens a session as a copy of another one, up to the end of the turn of `through`. Never changes
   * that session, in which a later turn may work. Idempotent by `seed`: an attempt that died is
   * found again. Absent: the agent cannot.
   *
   * @throws AgentError SESSION_LOST, OUTCOME_UNKNOWN
   */
  fork?(request: DriverForkRequest, signal: AbortSignal): Promise<OpenedSession>;
  /** Pure: the result is the same for ever. */
  keyOf(session: SessionRef, prompt: PromptId): PromptKey;

  /**
   * Makes sure that the agent's program can be asked.
   *
   * @returns the program's generation. A new number means that the program was replaced, and that
   * nothing seen through the old one is valid any more
   * @throws Unreachable, AgentError
   */
  connect(session: SessionRef): Promise<number>;
  /** Replaces the program of this generation if it no longer answers. */
  recover(generation: number): Promise<void>;

  /**
   * Whether anything works in the session. It is cheaper than `look`.
   *
   * @throws Unreachable
   */
  isBusy(session: SessionRef): Promise<boolean>;
  /**
   * The tools that run in the session now, with those of its sub-agents at any depth. Asked every
   * second while the session works and says nothing. Changes nothing. Absent: the agent does not
   * tell.
   *
   * @throws Unreachable
   */
  running?(session: SessionRef): Promise<readonly RunningTool[]>;
  /**
   * Reads what became of the prompt, or of the session's last one.
   *
   * @param compactsAfter the mark before the first compaction for this prompt
   * @returns undefined when the store has no such session
   * @throws Unreachable
   */
  look(session: SessionRef, prompt?: PromptKey, compactsAfter?: string): Promise<S | undefined>;
  /**
   * Puts the prompt in, or continues its turn if that was cut off, as the sight says.
   *
   * @returns why the prompt can't be put in; then nothing was put in
   * @throws NotPutIn when nothing was put in, and another try may succeed
   * @throws Unreachable when it is not known whether the prompt was put in
   */
  put(session: SessionRef, prompt: KeyedPrompt, sight: S): Promise<Failure | undefined>;
  /**
   * Stops the turn in the session. Returns without waiting for its end.
   *
   * @throws Unreachable
   */
  abort(session: SessionRef): Promise<void>;
  /**
   * Why the agent does not take a prompt for this session, for reasons that `put` does not receive,
   * such as a model that does not exist.
   */
  whyRefused?(session: SessionRef): Promise<Failure | undefined>;
  /**
   * What the turn that works in the session waits for a person to answer, oldest first, with what
   * its sub-agents at any depth ask. Changes nothing, but may give the agent what was answered
   * before, such as an `always`. Absent: the agent never waits for a person.
   *
   * @throws Unreachable
   */
  asks?(session: SessionRef): Promise<Ask[]>;
  /**
   * Answers an ask, with a decision that the ask takes. Leaves an ask that is gone alone: it was
   * answered, or its turn is over.
   *
   * @throws Unreachable when it is not known whether the answer arrived. It is then given again
   */
  answer?(session: SessionRef, ask: Ask, answer: Answer): Promise<void>;
  /**
   * Follows the session for the turn of this prompt.
   *
   * @returns a function that stops following
   */
  listen(session: SessionRef, prompt: PromptKey, on: (signal: AgentSignal) => void): () => void;

  /**
   * What tools of the session have left running, if they were started since the moment, with those
   * of its sub-agents. Oldest first. Absent: nothing of an agent outlives its turn, or it cannot be
   * told.
   *
   * @throws Unreachable
   */
  leftRunning?(session: SessionRef, since: Moment): Promise<Leftover[]>;

  /**
   * Deletes the session from the agent's store. Succeeds if the session does not exist. Absent: the
   * agent cannot delete sessions.
   *
   * @throws AgentError, Unreachable
   */
  delete?(session: SessionRef, signal: AbortSignal): Promise<void>;
  /**
   * Takes the session, in which nothing works, out of the agent's own list of sessions, or puts it
   * back. Does nothing if that was done before. Absent: the agent has no archive.
   *
   * @returns whether the store has the session
   * @throws AgentError, Unreachable
   */
  setArchived?(session: SessionRef, archived: boolean): Promise<boolean>;
  /** Absent: the agent does not compact a conversation when it is asked to. */
  compaction?: DriverCompaction;
  /** See `Agent.priceOf`. */
  priceOf?(session: SessionRef, model: string | undefined): Promise<ModelPrice | undefined>;
  /** See `Agent.sessions`. */
  sessions?(): Promise<StoredSession[]>;
  /** See `Agent.find`. */
  find?(session: SessionId): Promise<StoredSession | undefined>;
  /**
   * The whole conversation, oldest first. Starts nothing.
   *
   * @throws AgentError SESSION_LOST
   */
  transcript(session: SessionRef): Promise<TranscriptMessage[]>;
  /** The program with which a person continues the session. Starts nothing. */
  interactive(session: SessionRef): Promise<AgentProgram>;
  /** For `doctor`. Starts nothing. */
  describe(): Promise<AgentDescription>;
  /** See `Agent.close`. */
  close(options: { stop: boolean }): Promise<void>;
}

/** What drivers of every kind are made with. */
export interface DriverContext {
  dataDir: string;
  /** A folder in the data directory, for this kind alone. It may not exist yet. */
  folder: string;
  log: (message: string, facts?: object) => void;
  /**
   * The environment that agents inherit, before `childEnvironment` filters it. Default: this
   * process's.
   */
  env?: Readonly<Record<string, string | undefined>>;
}

/** Makes the driver of an agent, as a config has it. @throws AgentError CONFIG_INVALID */
export type NewDriver = (name: string, config: AgentConfig) => AgentDriver;

/**
 * The agent did not answer, or gave an unexpected answer. What it did is unknown, so look again.
 */
export class Unreachable extends Error {
  override readonly name: string = 'Unreachable';
}

/** The agent did not answer, and for certain did not get the prompt. */
export class NotPutIn extends Unreachable {
  override readonly name = 'NotPutIn';
}
