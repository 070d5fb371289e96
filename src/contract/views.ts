/** What a person sees of a topic. */
import type { AskedInTurn, Waiting } from './asks.js';
import type { FollowedUp } from './estimate.js';
import type { Failure } from './failures.js';
import type { PromptId, SessionId, TopicId } from './ids.js';
import type { FailedNotice } from './notices.js';
import type { SessionContext } from './session-context.js';
import type { UsedOnDay } from './ledger.js';
import type { Loss, Pinned, TurnResult, Usage } from './types.js';

export const TOPIC_STATES = ['idle', 'running', 'waiting', 'closed'] as const;
/** `waiting`: the turn waits for its host, a person, a quota or its agent. */
export type TopicLifeState = (typeof TOPIC_STATES)[number];

export interface SessionView {
  session_id: SessionId;
  pinned: Pinned;
  turns: number;
  opened_at: string;
  /** Set when a turn found the session lost or corrupted; cleared when a turn in it completes. */
  lost?: Loss;
  /** What its turns have used. Absent: its agent reported nothing. */
  used?: Usage;
  /** What it holds, how long that is warm, and what the next turn costs for it. Absent: it is not known. */
  context?: SessionContext;
  /** What the estimate of fresh sessions needs to know of it. */
  followed_up?: FollowedUp;
  /**
   * The topic was closed with its sessions archived. `kept_because`: why this one was not. Set until
   * a turn in it completes.
   */
  archive?: { kept_because?: string };
  /** Whether the next prompt goes to this session, unless the prompt says otherwise. */
  current: boolean;
}

/**
 * A prompt that came by signal and was refused. A signal has no answer, so the topic shows the
 * refusal.
 */
export interface RefusedPrompt {
  prompt_id?: PromptId;
  error: Failure;
  at: string;
}

/** Everything a person wants to see of a topic: the answer of the `view` query. */
export interface TopicView {
  topic: TopicId;
  state: TopicLifeState;
  /** The run has just started, and is recalling the state of an earlier run. */
  recalling?: true;
  closing: boolean;
  /** null until the first session is opened. */
  session_id: SessionId | null;
  project?: string;
  sessions: SessionView[];
  turns: number;
  /** What the turns of all its sessions have used. */
  used?: Usage;
  /** The same by day, agent and model, for the last 60 days on which it has worked. Oldest first. */
  days?: UsedOnDay[];
  running?: {
    prompt_id: PromptId;
    prompt: string;
    turn: number;
    session_id: SessionId | null;
    started_at: string;
    waiting_for_host?: string;
    waiting?: Waiting;
    /** What it has asked so far. */
    asks?: AskedInTurn[];
    /** The number of the fix while the session fixes a failed check: 1 or more. */ fix?: number;
    /** Set while its checks run. */ checking?: true;
  };
  queue: {
    prompt_id: PromptId;
    prompt: string;
    accepted_at: string;
    /** It waits for a warm session, and runs then at the latest (`when_warm`). ISO 8601. */ runs_by?: string;
  }[];
  /** Newest last. */
  outcomes: TurnResult[];
  /** Newest last. */
  refused: RefusedPrompt[];
  /** How many signals were refused over the life of the topic, including those no longer listed. */
  refused_total?: number;
  /** Sessions whose turn will be stopped as soon as their host answers. */
  stopping?: SessionId[];
  /** How many notices their commands have not got yet. Absent: none. */
  notices?: number;
  /** The newest notice whose command did not end well. */
  failed_notice?: FailedNotice;
  /** When the topic closes by itself if no prompt comes. ISO 8601. */
  closes_at?: string;
  /**
   * Why the topic does not go on, such as TOPIC_STUCK. The client adds it, because a topic does not
   * know.
   */
  problem?: Failure;
}
