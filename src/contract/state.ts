/**
 * The state that a topic carries through continue-as-new and returns when it closes: plain JSON,
 * bounded in bytes. Fields are added and never changed, because older and newer releases read each
 * other's state. Anyone may import this.
 */
import type { Answered, AskedInTurn, Waiting } from './asks.js';
import { isId, type PromptId, type SessionId, type TopicId } from './ids.js';
import type { FollowedUp } from './estimate.js';
import type { ForkedFrom } from './fork.js';
import { isObject } from './is-object.js';
import type { LedgerEntry } from './ledger.js';
import type { CheckRound } from './checks.js';
import type { FailedNotice, Notice } from './notices.js';
import type { SessionContext } from './session-context.js';
import type { Loss, Pinned, PromptRequest, SessionChoice, TurnResult, Usage } from './types.js';
import type { TopicView } from './views.js';
import type { Ground, Moved } from './workspace.js';

/** A session as the topic remembers it. */
export interface SessionRecord {
  session_id: SessionId;
  pinned: Pinned;
  turns: number;
  opened_at: string;
  /**
   * Set when a turn found the session lost or corrupted; cleared when a turn in it completes. While
   * it is set, prompts that name only the topic go to another session, or fail.
   */
  lost?: Loss;
  /**
   * How the provider refused the last prompt, where the model never answered. The same again says
   * that it refuses what the session holds.
   */
  refused_as?: string;
  /**
   * The first session of its line of work: sessions that take over from one another, or replace one
   * another, have it in common. Absent: this one is the first.
   */
  line?: SessionId;
  /** Its own last turn before the topic went on in the session of another agent, and when that ended. */
  left?: { turn: number; at: string };
  /**
   * Why the next prompt by the topic's name carries a brief, and from which session the topic came.
   * Set until a turn with it completes.
   */
  brief_due?: BriefDue;
  /**
   * What the next prompt by the topic's name carries in front of it: the session was to be a copy of
   * another topic's, and its agent could not make one. Set until a turn with it completes. At most 4 KiB.
   */
  told_first?: string;
  /**
   * The agent has compacted the conversation. The next prompt by the topic's name says what was
   * asked so far. Set until a turn with it completes.
   */
  goals_due?: true;
  /** What its turns have used, since a release that counts it. Absent: nothing was reported. */
  used?: Usage;
  /** What it holds, since the last turn that said so. At most 160 bytes. */
  context?: SessionContext;
  /** Absent: it was adopted, it is older than this record, or its first turn did not say what it used. */
  followed_up?: FollowedUp;
  /**
   * The topic was closed with its sessions archived. `kept_because`: why this one was not, as far as
   * it is known. Set until a turn in it completes, which first puts it back.
   */
  archive?: { kept_because?: string };
  /** What its last turn has left checked out. Absent: no repository, an older release, or not known. */
  ground?: Ground;
}

export interface BriefDue {
  reason: 'agent_changed' | Loss;
  from: SessionId;
}

export interface QueuedPrompt {
  prompt_id: PromptId;
  request: PromptRequest;
  accepted_at: string;
  /**
   * A prompt before it failed for a reason that has nothing to do with either, such as a missing login.
   * If this one fails for such a reason, it waits.
   */
  patient?: true;
}

/** The prompt that is being worked on, with what the next run needs to continue it. */
export interface RunningPrompt {
  /** The prompt as its caller sent it. */
  prompt: QueuedPrompt;
  /** The number of the turn that runs now; a fix of a failed check is a turn of its own. */
  turn: number;
  session_id: SessionId | null;
  /** When the turn that runs now started. ISO 8601. */
  started_at: string;
  /** Why the turn is being stopped; its outcome says so. */
  stopped?: { message: string; interrupted_by?: PromptId };
  /** How often the session was asked to fix a failed check. */
  fix?: number;
  /** Set while the checks run. */
  checking?: true;
  /** Set while the session's host does not answer. */
  waiting_for_host?: string;
  /** Set while the turn waits for a person, a quota or its agent. No activity runs meanwhile. */
  waiting?: Waiting;
  /** It was cancelled while a person was asked whether its cold session gets it, so that has not heard of it. */
  kept_out?: true;
  /** What the turn has asked so far, and how that was answered. Bounded in bytes. */
  answered?: Answered[];
  /** When the turn first waited for what it waits for now. ISO 8601. */
  parked_since?: string;
  /** How often it has tried since then. */
  tries?: number;
  /** How many tokens the model had answered by then. */
  said?: number;
  /** The turn ended for a reason that may be over, and is to go on. */
  goes_on?: true;
  /** What the turn had used when it began to wait. */
  used?: Usage;
  /** The time that the agent has worked on the turn before it waited, in ms. */
  worked_ms?: number;
  /** The model that worked instead of the session's own when the turn last asked. */
  instead?: string;
  /** The topics whose turns worked in the same directory before the turn waited. */
  shared_with?: TopicId[];
  /** The repository has moved since the session's turn before. */
  moved?: Moved;
  /** How the session was chosen. Absent until it was. */
  choice?: SessionChoice;
  /** What its session is to be a copy of. Absent once the session is there. */
  forking?: ForkedFrom;
  /** What the session had pinned, where the prompt changes it. It has it again unless the turn is completed. */
  pinned_before?: Pinned;
  /**
   * The text before the prompt in a session that does not know what was done in others. It never
   * changes once the prompt was put in: the agent's session has it, and another text would be
   * another request.
   */
  brief?: string;
  /** Set for a prompt with checks, from the first failed check on. */
  loop?: CheckLoop;
  /** Of which asks and silences a notice was made. */
  noticed?: string[];
}

/** The rounds of a check loop that have ended, and the prompt of the round that runs. */
export interface CheckLoop {
  first: Pick<TurnResult, 'goal' | 'session' | 'started_at'>;
  rounds: CheckRound[];
  prompt: QueuedPrompt;
  /** What the rounds before this one asked. */
  asks?: AskedInTurn[];
}

export interface TopicState {
  project?: string;
  /** Oldest first. */
  sessions: SessionRecord[];
  current: SessionId | null;
  /**
   * A prompt that was being worked on when the run ended comes first; `running` then has its
   * details.
   */
  queue: QueuedPrompt[];
  /** How many turns have started. */
  turns: number;
  /** What its turns have cost, as far as it is known. Absent: an older release, or no turn has ended. */
  cost?: { usd: number; /** That of some turns is not known. */ is_partial?: true };
  /** Up to which cost a person has let the topic go. */
  budget_usd?: number;
  /** What the turns of all its sessions have used, also of those that it no longer remembers. */
  used?: Usage;
  /** The same by day, agent and model, for the last days on which it has worked. */
  ledger?: LedgerEntry[];
  /** Accepted prompt ids, each with a digest of its request, oldest first. */
  ids: [PromptId, string][];
  /** Refused prompt ids, each with its code, oldest first. */
  refused_ids?: [PromptId, string][];
  /** Oldest first. */
  outcomes: TurnResult[];
  refused: TopicView['refused'];
  closing: boolean;
  /** Its sessions are archived when it ends. */
  archives?: true;
  /**
   * How many signals arrived. A prompt that comes by signal without an id is named by this count.
   */
  signals?: number;
  /**
   * Only in the answer of the `state` query. The run has not recalled the earlier state yet, so ask
   * an earlier run.
   */
  recalling?: true;
  /**
   * Names this life of the topic, from its first run until it is forgotten. Session ids are derived
   * from it.
   */
  epoch?: string;
  running?: RunningPrompt;
  /**
   * Sessions in which a turn of ours may still run although its outcome says that it was stopped.
   */
  to_stop?: SessionId[];
  /**
   * The prompt whose turn may still run, by session of `to_stop`. Absent when that prompt is not
   * known.
   */
  to_stop_prompts?: Record<SessionId, PromptId>;
  /**
   * The cancels by update that named no prompt: a digest of the id of each, and the prompt that it
   * stopped. Oldest first.
   */
  cancels?: (readonly [string, PromptId | null])[];
  /** How many signals were refused over the life of the topic. */
  refused_total?: number;
  /** When the topic last ran out of work. ISO 8601. */
  idle_since?: string;
  /** The topic closes by itself after this many ms without work. */
  close_after_ms?: number;
  /** Notices that their commands have not got yet, oldest first. */
  notices?: Notice[];
  /** The newest notice whose command did not end well. */
  failed_notice?: FailedNotice;
  /**
   * The release that carried this state marks each run in which a prompt has fields that older ones
   * do not know (`workflows/features.ts`).
   */
  marks?: true;
  /** Hosts that do not answer, each with the time since when. ISO 8601. */
  away?: Record<string, string>;
}

/**
 * Input of the workflow. It is absent or `{}` for a topic that was never seen. Only a run that
 * continues another one carries state.
 */
export interface TopicInput {
  state?: TopicState;
}

/**
 * Whether a value can be used as the state of a topic. The value may come from an older or newer
 * release, or a sender may have made it up. So the shape of every list is checked, and the rest is
 * not assumed.
 */
export function isTopicState(value: unknown): value is TopicState {
  if (!isObject(value)) return false;
  const { sessions, current, queue, turns, ids, outcomes, refused, closing, running } = value;
  return (
    isListOf(sessions, (one) => isId(one.session_id) && isObject(one.pinned) && typeof one.pinned.host === 'string') &&
    (current === null || isId(current)) &&
    isListOf(queue, isQueued) &&
    Number.isSafeInteger(turns) &&
    Array.isArray(ids) &&
    ids.every((entry) => Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'string') &&
    isListOf(
      outcomes,
      (one) => typeof one.prompt_id === 'string' && isObject(one.session) && typeof one.reply === 'string',
    ) &&
    isListOf(refused, (one) => isObject(one.error)) &&
    typeof closing === 'boolean' &&
    (running === undefined || (isObject(running) && isObject(running.prompt) && isQueued(running.prompt)))
  );
}

function isQueued({ prompt_id, request }: Record<string, unknown>): boolean {
  return typeof prompt_id === 'string' && isObject(request) && typeof request.prompt === 'string';
}

function isListOf(value: unknown, isGood: (entry: Record<string, unknown>) => boolean): boolean {
  return Array.isArray(value) && value.every((entry) => isObject(entry) && isGood(entry));
}
