/** What the workflow and its activities say to each other: it stands in history, so it never changes its meaning. Types only. */
import type { Failure } from '../contract/failures.js';
import type { PromptId, SessionId, TopicId } from '../contract/ids.js';
import type { Check, CheckRun, Pinned, Recovery, TurnStatus, Usage } from '../contract/types.js';

export interface OpenSessionInput {
  topic: TopicId;
  /** The prompt that it is opened for: the same prompt again opens the same session. */
  prompt_id: PromptId;
  /** The life of the topic: after it was forgotten, the same prompt opens another session. */
  epoch?: string;
  agent?: string;
  category?: string;
  model?: string;
  /** Belongs to the model; without one the config's is taken. */
  variant?: string;
  skills?: string[];
  cwd?: string;
  project?: string;
  /** The lost session in whose place it is opened: never that one again, though the prompt may be the same. */
  replaces?: SessionId;
}

export interface OpenSessionOutput {
  session_id: SessionId;
  pinned: Pinned;
}

export interface RunTurnInput {
  topic: TopicId;
  turn: number;
  prompt_id: PromptId;
  prompt: string;
  session_id: SessionId;
  pinned: Pinned;
  /** To be run after it: refused before the prompt is put in, where this host will not run them. */
  asked_checks?: AskedChecks;
}

/** Checks, as a prompt brings them. */
export interface AskedChecks {
  topic: TopicId;
  /** Of the prompt that asked for them. */
  prompt_id: PromptId;
  checks: Check[];
  proof?: string;
}

export interface RunChecksInput {
  asked: AskedChecks;
  /** Of the session. */
  cwd: string;
}

export interface RunChecksOutput {
  /** Up to the first that failed. */
  ran: CheckRun[];
}

export interface RunTurnOutput {
  status: TurnStatus;
  reply: string;
  reply_truncated?: true;
  error?: Failure;
  model?: string;
  attempts: number;
  recovered?: Recovery;
  usage?: Usage;
}

/** Heartbeat details of a turn: progress for whoever watches, and what the next attempt has to know. */
export interface TurnHeartbeat extends AttemptFacts {
  step?: string;
  text_tail?: string;
  usage?: Usage;
  /** Time worked in all attempts so far. */
  worked_ms: number;
  /** This host runs the checks that come with the prompt. */
  checks_granted?: true;
}

/** What an attempt says of itself and of those before it. */
export interface AttemptFacts {
  /** The attempt that says so. Absent: a worker of an older release. */
  attempt?: number;
  /** Attempts without progress, one after the other, if this one ends now. */
  barren_attempts: number;
  /** When there was progress last, in ms since 1970. Absent: there was none yet. */
  progress_at?: number;
  /** Why this attempt broke off. */
  trouble?: string;
}

export interface Activities {
  openSession: (input: OpenSessionInput) => Promise<OpenSessionOutput>;
  runTurn: (input: RunTurnInput) => Promise<RunTurnOutput>;
  runChecks: (input: RunChecksInput) => Promise<RunChecksOutput>;
  /** Stops what of ours runs in a session: its turn was cancelled while no worker was there to do it. */
  stopTurn: (input: StopTurnInput) => Promise<void>;
  /** That the host answers again. */
  answer: () => Promise<void>;
  /** What the newest earlier run of a topic knew; nothing where there is none. */
  recall: (input: RecallInput) => Promise<EndedRun | undefined>;
  /** Deletes the agent's own conversation. */
  deleteSession: (input: StopTurnInput) => Promise<void>;
}

export interface RecallInput {
  workflow_id: string;
  /** The run that asks. */
  run_id: string;
}

/** A run that is over. */
export interface EndedRun {
  run_id: string;
  /** As Temporal names it, e.g. `COMPLETED` or `TERMINATED`. */
  status: string;
  /** An operator has reset it, and the run that asks takes its place. */
  was_reset?: true;
  /** What it knew: anything, if it was not ours. Absent: it could not be read, and `problem` says why. */
  state?: unknown;
  problem?: string;
}

export type StopTurnInput = Pick<RunTurnInput, 'topic' | 'session_id' | 'pinned'>;
