/**
 * What a topic carries through continue-as-new, and what it answers when it closes: plain JSON, bounded in bytes.
 * Fields are added, never changed: a run of an older release reads what a newer one wrote, and the other way round.
 * Anyone may import this.
 */
import { isId, type PromptId, type SessionId } from './ids.js';
import type { CheckRound, Loss, Pinned, PromptRequest, SessionChoice, TopicView, TurnResult } from './types.js';

/** A session as the topic remembers it. */
export interface SessionRecord {
  session_id: SessionId;
  pinned: Pinned;
  turns: number;
  opened_at: string;
  /** Set once a turn found it so, until a turn in it completes. The topic's own prompts then go elsewhere, or fail. */
  lost?: Loss;
}

export interface QueuedPrompt {
  prompt_id: PromptId;
  request: PromptRequest;
  accepted_at: string;
}

/** The prompt that is being worked on, with what another run needs to go on with it. */
export interface RunningPrompt {
  /** As its caller sent it. */
  prompt: QueuedPrompt;
  /** The number of the turn that runs now; a fix of a failed check is a turn of its own. */
  turn: number;
  session_id: SessionId | null;
  /** Of the turn that runs now. ISO 8601. */
  started_at: string;
  /** Why it is being stopped, for its outcome. */
  stopped?: { message: string; interrupted_by?: PromptId };
  /** How often its session was asked to fix what a check found. */
  fix?: number;
  /** Set while its checks run. */
  checking?: true;
  /** Set while the session's host does not answer. */
  waiting_for_host?: string;
  /** How the session was chosen, once it was. */
  choice?: SessionChoice;
  /** What stands before its text in a session that replaces a lost one. Its agent has it so: another text would be another request. */
  brief?: string;
  /** With checks, from the first failed one on. */
  loop?: CheckLoop;
}

/** The rounds of a verification loop that have ended, and the prompt of the one that runs. */
export interface CheckLoop {
  first: Pick<TurnResult, 'goal' | 'session' | 'started_at'>;
  rounds: CheckRound[];
  prompt: QueuedPrompt;
}

export interface TopicState {
  project?: string;
  /** Oldest first. */
  sessions: SessionRecord[];
  current: SessionId | null;
  /** A prompt that was being worked on when the run ended comes first, and `running` has more about it. */
  queue: QueuedPrompt[];
  /** How many turns have begun. */
  turns: number;
  /** Prompt ids that were accepted, each with a digest of its request, oldest first. */
  ids: [PromptId, string][];
  /** Prompt ids that were refused, each with the code, oldest first. */
  refused_ids?: [PromptId, string][];
  /** Oldest first. */
  outcomes: TurnResult[];
  refused: TopicView['refused'];
  closing: boolean;
  /** How many signals came: the count names a prompt that came by signal without an id. */
  signals?: number;
  /** Names this life of the topic, from its first run to its being forgotten: session ids are derived from it. */
  epoch?: string;
  running?: RunningPrompt;
  /** Sessions in which a turn of ours may still run although its outcome says that it was stopped. */
  to_stop?: SessionId[];
  /** Refused signals over the life of the topic. */
  refused_total?: number;
  /** Since when there is nothing to do. ISO 8601. */
  idle_since?: string;
  /** The topic closes by itself after so many ms without work. */
  close_after_ms?: number;
  /** Hosts that do not answer, each with the time since when. ISO 8601. */
  away?: Record<string, string>;
}

/** Input of the workflow: absent or `{}` for a topic never seen. Only a run that continues another one carries state. */
export interface TopicInput {
  state?: TopicState;
}

/**
 * Whether a value can be taken for the state of a topic. It may come from an older or a newer release, or from a sender
 * who made it up: so the shape of every list is checked, and nothing is assumed of the rest.
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
    isListOf(outcomes, (one) => typeof one.prompt_id === 'string' && isObject(one.session) && typeof one.reply === 'string') &&
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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
