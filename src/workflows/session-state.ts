/**
 * The pure part of a topic: its state and every transition. No Temporal, no clock, no random; times and new ids come in.
 * Each function changes the state that it is given, so that what continue-as-new carries is always this one object.
 */
import { failure, type Failure } from '../contract/failures.js';
import type { PromptId, SessionId, TopicId } from '../contract/ids.js';
import * as limits from '../contract/limits.js';
import { utf8Length } from '../contract/guard.js';
import type { QueuedPrompt, SessionRecord, TopicState } from '../contract/messages.js';
import type { Cancelled, Loss, PromptRequest, TurnResult } from '../contract/types.js';
import { digestOf, replyCut } from './text.js';

export function newTopicState(): TopicState {
  return { sessions: [], current: null, queue: [], turns: 0, ids: [], outcomes: [], refused: [], closing: false };
}

/**
 * Why a well-formed prompt is not taken now, or nothing. Reads only: an update's validator calls it.
 * `weighsWhole` is asked only where it matters whether more than the prompt's text counts.
 */
export function refusalOf(state: TopicState, request: PromptRequest, topic: TopicId, via: 'update' | 'signal', weighsWhole = () => true): Failure | undefined {
  const known = request.prompt_id && digestOfId(state, request.prompt_id);
  if (known !== undefined) {
    if (known === digestOf(request.prompt)) return undefined;
    return failure('PROMPT_ID_REUSED', `prompt_id ${request.prompt_id} was used for another prompt in topic ${topic}.`);
  }
  // A signal is in the history already and its sender can't be told: it joins the queue that is being finished.
  if (state.closing && via === 'update') return failure('TOPIC_CLOSED', `Topic ${topic} is closing and takes no new prompt.`);
  return fullOf(state, request, topic, weighsWhole) ?? conflictOf(state, request, topic);
}

function fullOf({ queue }: TopicState, request: PromptRequest, topic: TopicId, weighsWhole: () => boolean): Failure | undefined {
  if (queue.length >= limits.MAX_QUEUED_PROMPTS) {
    return failure('QUEUE_FULL', `Topic ${topic} has ${queue.length} prompts queued, which is the most it takes.`);
  }
  const weighed = (weigh: (one: PromptRequest) => number) => queue.reduce((sum, queued) => sum + weigh(queued.request), weigh(request));
  const refused = (bytes: number) => failure('QUEUE_FULL', `The prompts queued in topic ${topic} would have ${bytes} bytes together; at most ${limits.MAX_QUEUED_BYTES} are kept.`);
  const texts = weighed((one) => utf8Length(one.prompt));
  if (texts > limits.MAX_QUEUED_BYTES) return refused(texts);
  const whole = weighed((one) => utf8Length(JSON.stringify(one)));
  return whole > limits.MAX_QUEUED_BYTES && weighsWhole() ? refused(whole) : undefined;
}

function conflictOf(state: TopicState, request: PromptRequest, topic: TopicId): Failure | undefined {
  if (request.session_id !== undefined) {
    const session = sessionOf(state, request.session_id);
    if (!session) return failure('SESSION_UNKNOWN', `Topic ${topic} knows no session ${request.session_id}.`);
    const difference = differenceOf(session, request);
    if (!difference) return undefined;
    const { field, pinned, asked } = difference;
    return failure('SESSION_PINNED', `Session ${session.session_id} has ${field} ${pinned} pinned; ${asked} was asked for.`);
  }
  if (request.project !== undefined && state.project !== undefined && request.project !== state.project) {
    return failure('TOPIC_ELSEWHERE', `Topic ${topic} belongs to project ${state.project}; the prompt comes from project ${request.project}.`);
  }
  return undefined;
}

const PINNED_FIELDS = ['agent', 'category', 'model', 'skills', 'cwd'] as const;

/** The first thing that a prompt asks for explicitly and the session has pinned differently. */
export function differenceOf(session: SessionRecord, request: PromptRequest) {
  for (const field of PINNED_FIELDS) {
    const asked = request[field];
    if (asked === undefined) continue;
    const pinned = session.pinned[field];
    if (field === 'cwd' && asked === session.pinned.asked_cwd) continue;
    const same = Array.isArray(asked) ? JSON.stringify(asked) === JSON.stringify(pinned ?? []) : asked === pinned;
    if (!same) return { field, pinned: pinned === undefined ? 'none' : `"${String(pinned)}"`, asked: `"${String(asked)}"` };
  }
  return undefined;
}

/** Takes a prompt that was not refused. The same id again changes nothing. */
export function accept(state: TopicState, request: PromptRequest, now: string, newId: () => string): PromptId {
  const promptId = request.prompt_id ?? (newId() as PromptId);
  if (digestOfId(state, promptId) !== undefined) return promptId;
  rememberId(state, promptId, request.prompt);
  if (state.project === undefined && request.project !== undefined && request.session_id === undefined) state.project = request.project;
  const behind = state.queue.findIndex((queued) => rankOf(queued.request) > rankOf(request));
  state.queue.splice(behind < 0 ? state.queue.length : behind, 0, { prompt_id: promptId, request, accepted_at: now });
  return promptId;
}

/** The id is used from now on, for this text. */
export function rememberId(state: TopicState, promptId: PromptId, text: string): void {
  state.ids.push([promptId, digestOf(text)]);
  keepLast(state.ids, limits.MAX_REMEMBERED_IDS);
}

/** Those of one rank stay in the order of their acceptance. */
function rankOf({ when = 'queue' }: PromptRequest): number {
  return { interrupt: 0, next: 1, queue: 2 }[when];
}

/** Notes a signal that was refused, where a person can see it. */
export function noteRefused(state: TopicState, error: Failure, promptId: PromptId | undefined, now: string): void {
  state.refused.push({ error, at: now, ...(promptId !== undefined && { prompt_id: promptId }) });
  keepLast(state.refused, limits.MAX_REFUSED);
}

/** The next prompt to work on, taken out of the queue. */
export function takeNext(state: TopicState): QueuedPrompt | undefined {
  const next = state.queue.shift();
  if (next) state.turns += 1;
  return next;
}

export function addSession(state: TopicState, session: SessionRecord): void {
  state.sessions.push(session);
  keepLast(state.sessions, limits.MAX_SESSIONS);
  state.current = session.session_id;
  state.project ??= session.pinned.project;
}

/** Records how a turn ended; the memory of outcomes stays bounded in number and in bytes. */
export function recordOutcome(state: TopicState, result: TurnResult): void {
  const session = result.turn > 0 && result.session_id !== null && sessionOf(state, result.session_id);
  if (session) session.turns += 1;
  if (session && result.status === 'completed') delete session.lost; // Its store is back, or somebody mended it.
  state.outcomes = remembered([...state.outcomes, result]);
}

/** What a turn that failed says of its session, if it says that it can't go on. */
export function lossOf({ error }: Pick<TurnResult, 'error'>): Loss | undefined {
  if (error?.code === 'SESSION_LOST') return 'lost';
  return error?.code === 'SESSION_CORRUPTED' ? 'corrupted' : undefined;
}

/** The newest outcomes, whole or with their replies cut, within the bounds. */
function remembered(outcomes: TurnResult[]): TurnResult[] {
  const kept: TurnResult[] = [];
  let whole = limits.MAX_WHOLE_REPLIES_BYTES;
  let left = limits.MAX_REMEMBERED_BYTES;
  for (const outcome of outcomes.slice(-limits.MAX_REMEMBERED_OUTCOMES).reverse()) {
    const bytes = sizeOf(outcome).reply;
    const fits = bytes <= whole;
    if (fits) whole -= bytes;
    const small = fits ? outcome : replyCut(outcome, limits.MAX_REMEMBERED_REPLY_BYTES);
    left -= sizeOf(small).whole;
    if (left < 0) break;
    kept.push(small);
  }
  return kept.reverse();
}

/** Bytes in UTF-8, of the reply and of all as JSON. An outcome never changes, and 200 of them are weighed at every turn. */
const sizes = new WeakMap<TurnResult, { reply: number; whole: number }>();

function sizeOf(outcome: TurnResult) {
  let size = sizes.get(outcome);
  if (!size) sizes.set(outcome, (size = { reply: utf8Length(outcome.reply), whole: utf8Length(JSON.stringify(outcome)) }));
  return size;
}

/** Takes a queued prompt out, or says what else is to be done. */
export function cancelQueued(state: TopicState, promptId: PromptId, cancelled: (prompt: QueuedPrompt) => TurnResult): Cancelled['effect'] | undefined {
  const index = state.queue.findIndex((queued) => queued.prompt_id === promptId);
  const [queued] = index < 0 ? [] : state.queue.splice(index, 1);
  if (queued) {
    recordOutcome(state, cancelled(queued));
    return 'removed';
  }
  return digestOfId(state, promptId) === undefined ? undefined : 'already_ended';
}

export function sessionOf(state: TopicState, sessionId: SessionId): SessionRecord | undefined {
  return state.sessions.find((session) => session.session_id === sessionId);
}

export function currentSession(state: TopicState): SessionRecord | undefined {
  return state.current === null ? undefined : sessionOf(state, state.current);
}

export function outcomeOf(state: TopicState, promptId: PromptId): TurnResult | undefined {
  return state.outcomes.find((result) => result.prompt_id === promptId);
}

/** The digest of the text that an id was accepted with; nothing for an id that was never seen, or too long ago. */
function digestOfId(state: TopicState, promptId: PromptId): string | undefined {
  return state.ids.find(([id]) => id === promptId)?.[1];
}

export function isKnown(state: TopicState, promptId: PromptId): boolean {
  return digestOfId(state, promptId) !== undefined;
}

function keepLast(list: unknown[], most: number): void {
  if (list.length > most) list.splice(0, list.length - most);
}
