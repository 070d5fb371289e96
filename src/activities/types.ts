/**
 * The inputs and results of activities. They are in histories, so their meaning never changes.
 * Types only.
 */
import type { Answered, Ask } from '../contract/asks.js';
import type { TurnBudgets } from '../contract/budget.js';
import type { ReplyPage } from '../contract/answers.js';
import type { ReplyQuestion } from '../contract/messages.js';
import type { Failure } from '../contract/failures.js';
import type { ForkOrigin } from '../contract/fork.js';
import type { PromptId, SessionId, TopicId } from '../contract/ids.js';
import type { LeftBehind } from '../contract/left-behind.js';
import type { NotifyInput, NotifyOutput } from '../contract/notices.js';
import type { IfCold, SessionContext } from '../contract/session-context.js';
import type { Ground, Moved, WorkspaceMode, Worktree } from '../contract/workspace.js';
import type { AskedChecks, RunChecksInput, RunChecksOutput } from './check-types.js';
import type { FindOriginInput, ForkSessionInput, ForkSessionOutput } from './fork-types.js';
import type { EndedRun, RecallInput } from './recall-types.js';
import type { Guarantee, Pinned, Recovery, TurnStatus, Usage } from '../contract/types.js';

export type { AskedChecks, RunChecksInput, RunChecksOutput } from './check-types.js';

export interface OpenSessionInput {
  topic: TopicId;
  /** The prompt for which the session is opened. The same prompt again opens the same session. */
  prompt_id: PromptId;
  /** The life of the topic. After the topic was forgotten, the same prompt opens another session. */
  epoch?: string;
  agent?: string;
  /** Of the topic's session. It counts where neither the caller nor the category names one. */
  agent_before?: string;
  category?: string;
  model?: string;
  /** Belongs to the model. Absent: the config's variant. */
  variant?: string;
  skills?: string[];
  cwd?: string;
  project?: string;
  /**
   * The lost session that this one replaces. It is part of the seed, because the prompt may be the
   * one that opened the lost session.
   */
  replaces?: SessionId;
  /** Replaces that of the config. */
  workspace?: WorkspaceMode;
  /** The prompt names its model, so the session is not opened with another one. */
  keeps_model?: true;
}

export interface OpenSessionOutput {
  session_id: SessionId;
  pinned: Pinned;
}

export interface AdoptSessionInput {
  topic: TopicId;
  session_id: SessionId;
  /** That has it. Absent: any agent of the host. */
  agent?: string;
  /** As the caller names its directory. */
  cwd?: string;
  /** Of the topic, where it has one. */
  project?: string;
}

/** What a session has pinned but for what only its agent knows: its store. */
export type Resolved = Omit<Pinned, 'store'>;

export interface ResolveAgentInput {
  /** As `openSession` would take it. */
  opening: Omit<OpenSessionInput, 'topic' | 'prompt_id' | 'epoch' | 'replaces' | 'keeps_model'>;
  /** Names of other agents, of which the kind is asked. */
  agents: string[];
}

export interface ResolveAgentOutput {
  pinned: Resolved;
  /** By name; those that config does not have are left out. */
  kinds: Record<string, string>;
}

export interface ChangedFilesInput {
  cwd: string;
  /** ISO 8601. */
  since: string;
}

export interface ChangedFilesOutput {
  /** As `git diff --stat` has it, at most 1 KiB. Absent: no repository, no git, or no answer in time. */
  stat?: string;
}

export interface RunTurnInput extends IfCold {
  topic: TopicId;
  turn: number;
  prompt_id: PromptId;
  prompt: string;
  /** So many characters at the start of `prompt` are a brief. Absent: none, or an older release. */
  brief_length?: number;
  session_id: SessionId;
  pinned: Pinned;
  /**
   * The checks that run after the turn. If this host will not run them, the turn is refused before
   * the prompt is put in.
   */
  asked_checks?: AskedChecks;
  /** The command of `notify`. It must be permitted as well. */
  asked_notify?: AskedChecks;
  /** How the provider refused the prompt before in this session, where the model never answered. */
  refused_before?: string;
  /** The prompt names its model, so no other one may work on it. */
  keeps_model?: true;
  /** The topic can wait in the middle of a turn. Absent: a topic of an older release cannot. */
  waits?: true;
  /** The topic has archived the session. */
  may_be_archived?: true;
  /** What the turn has asked so far, and how that was answered. */
  answered?: Answered[];
  /** The turn ended for a reason that may be over, and is to go on. */
  goes_on?: true;
  /** The time worked before the turn waited, in ms. */
  worked_ms?: number;
  /** Of the prompt. They count instead of config's. */
  budgets?: TurnBudgets;
  /** What the rounds before this one have used for the same prompt. */
  used_before?: Usage;
  /** What the turns before this one have cost the topic, as far as it is known. */
  topic_cost_usd?: number;
  /** The cost of some of them is not known. */
  topic_cost_is_partial?: true;
  /** Up to which cost a person has let the topic go. */
  topic_budget_usd?: number;
  /** The model that worked instead of the session's own when the turn asked. */
  instead?: string;
  /** What the session's last turn has left checked out. Absent: not known, or no repository. */
  ground_before?: Ground;
  /** The prompt's own. It replaces that of the config. */
  workspace?: WorkspaceMode;
}

export interface RunTurnOutput {
  status: TurnStatus;
  reply: string;
  reply_truncated?: true;
  reply_parts?: string[];
  reply_parts_truncated?: true;
  error?: Failure;
  model?: string;
  attempts: number;
  recovered?: Recovery;
  /** Of the agent. Absent: promise 2 holds as it is. */
  guarantee?: Guarantee;
  /** The session's own model, or `default`, where another one worked on the turn. */
  fell_back_from?: string;
  compacted?: number;
  not_compacted?: string;
  /** The session can't go on, and config says that another one takes its place. */
  loss?: 'full' | 'cold';
  usage?: Usage;
  /** How the provider refused the turn, where the model never answered in it. */
  refused?: string;
  /** What its tools have left running. Absent: nothing, or it is not known. */
  left_behind?: LeftBehind[];
  /** What the session holds now. Absent: it is not known, or did not change. */
  context?: SessionContext;
  /** The work tree of the session. Absent: it has none for itself. */
  workspace?: Worktree;
  /** Set when the ground has moved since the session's last turn. */
  ground?: Moved;
  /** What the turn has left checked out. Absent: no repository, or it is not known. */
  ground_after?: Ground;
  /** The topics whose turns worked in the same directory meanwhile. */
  shares_directory_with?: TopicId[];
  /** What config has answered. Oldest first. */
  answered?: Answered[];
  /**
   * The turn has not ended. It can go on once what it waits for is there. Only for topics that can
   * wait. The other fields say how the turn ends otherwise.
   */
  waits?: TurnWaits;
}

export type TurnWaits = {
  /** The time worked on the turn so far, in ms. */
  worked_ms: number;
} & (
  | {
      for: 'answer';
      ask: Ask;
      /** By config. */
      within_ms: number;
      /** The model that asks instead of the session's own. */
      model?: string;
    }
  | {
      for: 'quota' | 'agent';
      /** When the provider takes requests again, if it says so. ISO 8601. */
      until?: string;
      /** How long the turn waits at most. */
      most_ms: number;
    }
);

/** Heartbeat details of a turn: its progress, and the facts that the next attempt needs. */
export interface TurnHeartbeat extends AttemptFacts {
  step?: string;
  text_tail?: string;
  usage?: Usage;
  /** Time worked in all attempts so far, in ms. */
  worked_ms: number;
  /** The model that works instead of the session's own. */
  model?: string;
  /** This host has agreed to run the checks of the prompt. */
  checks_granted?: true;
  /** The topics whose turns worked in the same directory so far. */
  shares_directory_with?: TopicId[];
}

/** The facts of an attempt and those before it. */
export interface AttemptFacts {
  /** The number of the reporting attempt. Absent: a worker of an older release. */
  attempt?: number;
  /** How many attempts in a row made no progress if this one ends now. */
  barren_attempts: number;
  /** When there was progress last, in ms since 1970. Absent: none yet. */
  progress_at?: number;
  /** Why this attempt broke off. */
  trouble?: string;
}

export interface Activities {
  openSession: (input: OpenSessionInput) => Promise<OpenSessionOutput>;
  /** Takes over a session from an agent's own store. */
  adoptSession: (input: AdoptSessionInput) => Promise<OpenSessionOutput>;
  /** Asks a topic for the session that another topic copies. */
  findOrigin: (input: FindOriginInput) => Promise<ForkOrigin>;
  /** Copies a session in its agent's own store. */
  forkSession: (input: ForkSessionInput) => Promise<ForkSessionOutput>;
  /** What a session of another agent would have pinned, and of which kind that agent is. */
  resolveAgent: (input: ResolveAgentInput) => Promise<ResolveAgentOutput>;
  /** Never fails: a brief without it is a brief all the same. */
  changedFiles: (input: ChangedFilesInput) => Promise<ChangedFilesOutput>;
  runTurn: (input: RunTurnInput) => Promise<RunTurnOutput>;
  runChecks: (input: RunChecksInput) => Promise<RunChecksOutput>;
  /** Stops our turn in a session. The turn was cancelled while no worker could stop it. */
  stopTurn: (input: StopTurnInput) => Promise<void>;
  /** Returns, which proves that the host has a worker again. */
  answer: () => Promise<void>;
  /** What the newest earlier run of a topic knew. `undefined` when there is no such run. */
  recall: (input: RecallInput) => Promise<EndedRun | undefined>;
  /** All that a turn said, from its agent's own store. */
  readReply: (input: ReplyQuestion) => Promise<ReplyPage>;
  /** Deletes the agent's own conversation. */
  deleteSession: (input: StopTurnInput) => Promise<void>;
  /** Takes the session out of the agent's own list. */
  archiveSession: (input: StopTurnInput) => Promise<ArchiveSessionOutput>;
  /** Starts the command of each notice once, however often it is tried. */
  notify: (input: NotifyInput) => Promise<NotifyOutput>;
}

export interface ArchiveSessionOutput {
  /** Why it stays in the list. Absent: it does not. */
  kept_because?: string;
}

export type { EndedRun, RecallInput } from './recall-types.js';

/** `prompt_id`: the prompt whose turn is stopped. Absent when that is not known. */
export type StopTurnInput = Pick<RunTurnInput, 'topic' | 'session_id' | 'pinned'> &
  Partial<Pick<RunTurnInput, 'prompt_id'>>;
