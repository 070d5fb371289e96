/**
 * The pure part of a topic: its state and every transition. No Temporal, no clock, no random; times
 * and new ids are arguments. Each function changes the state that it is given, so that
 * continue-as-new always carries this one object.
 */
import { defined } from '../contract/defined.js';
import { milliseconds } from '../contract/duration.js';
import { failure, isFailureCode, type Failure } from '../contract/failures.js';
import type { ForkWish } from '../contract/fork-wish.js';
import type { PromptId, SessionId, TopicId } from '../contract/ids.js';
import { fixedBytes, keepWithin } from '../contract/keep-within.js';
import * as limits from '../contract/limits.js';
import { digestOfRequest, isOfWholeRequest } from '../contract/parse-prompt.js';
import type { QueuedPrompt, SessionRecord, TopicState } from '../contract/state.js';
import { cutToJsonBytes, digestOf, jsonBytes } from '../contract/text.js';
import type { Cancelled } from '../contract/answers.js';
import type { Loss, PromptRequest, TurnResult, TurnStatus, Usage } from '../contract/types.js';
import { deviationFrom, type PinnedField } from './pinned.js';
import { remembered } from './remembered.js';

export function newTopicState(): TopicState {
  return { sessions: [], current: null, queue: [], turns: 0, ids: [], outcomes: [], refused: [], closing: false };
}

/** How a prompt arrives. */
export interface Arrival {
  topic: TopicId;
  via: 'update' | 'signal';
  /** The id under which the prompt is known. Absent for a new prompt. */
  promptId?: PromptId;
  isFull: IsFull;
  /** What can't change in a session that is named by its id. */
  fixed: readonly PinnedField[];
}

/** Why the queue has no room for a request. `undefined` when it has. */
export type IsFull = (state: TopicState, request: PromptRequest, topic: TopicId) => Failure | undefined;

/**
 * Why a well-formed prompt is refused now. `undefined` when it is accepted. It only reads, because
 * the validator of an update calls it.
 */
export function refusalOf(
  state: TopicState,
  request: PromptRequest,
  { topic, via, promptId, isFull, fixed }: Arrival,
): Failure | undefined {
  const known = promptId && digestOfId(state, promptId);
  if (promptId !== undefined && known !== undefined) {
    if (isSame(known, request)) return undefined;
    return reused(promptId, topic);
  }
  // A signal is in the history already, and its sender gets no answer. So the prompt joins the
  // queue that is being finished.
  if (state.closing && via === 'update')
    return failure('TOPIC_CLOSED', `Topic ${topic} is closing and takes no new prompt.`);
  return isFull(state, request, topic) ?? conflictOf(state, request, topic, fixed);
}

export const isFull: IsFull = ({ queue }, request, topic) => {
  if (queue.length >= limits.MAX_QUEUED_PROMPTS) {
    return failure('QUEUE_FULL', `Topic ${topic} has ${queue.length} prompts queued, which is the most that it takes.`);
  }
  const bytes = queue.reduce((sum, queued) => sum + fixedBytes(queued.request), jsonBytes(request));
  return bytes > limits.MAX_QUEUED_BYTES ? tooManyBytes(topic, bytes, limits.MAX_QUEUED_BYTES) : undefined;
};

export function tooManyBytes(topic: TopicId, bytes: number, most: number): Failure {
  return failure(
    'QUEUE_FULL',
    `The prompts queued in topic ${topic} would have ${bytes} bytes together; at most ${most} are kept.`,
  );
}

/** Why the topic cannot take a request where it asks to go. `undefined` when it can. */
export function conflictOf(
  state: TopicState,
  request: PromptRequest,
  topic: TopicId,
  fixed: readonly PinnedField[],
): Failure | undefined {
  if (request.fork) return forkRefusal(state, request.fork, topic);
  if (request.session_id !== undefined) {
    const session = sessionOf(state, request.session_id);
    if (session) return deviationFrom(session, request, fixed);
    if (request.adopt) return undefined; // The host of its agent knows more.
    return failure('SESSION_UNKNOWN', `Topic ${topic} knows no session ${request.session_id}.`);
  }
  // The running turn or a queued prompt may still open a session. Otherwise there is none to
  // resume.
  if (request.session === 'resume' && !currentSession(state) && state.queue.length === 0 && state.turns === 0) {
    return failure('SESSION_UNKNOWN', `Topic ${topic} has no session to resume.`);
  }
  if (request.project !== undefined && state.project !== undefined && request.project !== state.project) {
    return failure(
      'TOPIC_ELSEWHERE',
      `Topic ${topic} belongs to project ${state.project}; the prompt comes from project ${request.project}.`,
    );
  }
  return undefined;
}

/** Why the first session of a topic can't be a copy. */
export function forkRefusal(
  { sessions }: Pick<TopicState, 'sessions'>,
  fork: ForkWish,
  topic?: TopicId,
): Failure | undefined {
  if (fork.topic === topic)
    return failure(
      'INVALID_PROMPT',
      `Topic ${topic} can't be forked into itself.`,
      'Name another topic for the copy: --as (topic).',
    );
  const has = sessions.at(-1);
  return (
    has &&
    failure(
      'SESSION_PINNED',
      `The topic has session ${has.session_id} already, and a copy can only be the first session of a topic.`,
      'Name a topic without a session for the copy: --as (topic). Or leave out --fork (fork) to go on in this one.',
    )
  );
}

/**
 * Takes a prompt that was not refused, under its own id or a derived one. A known id changes
 * nothing.
 */
export function accept(state: TopicState, request: PromptRequest, now: string, promptId: PromptId): void {
  if (isKnown(state, promptId)) return;
  rememberId(state, promptId, digestOfRequest(request));
  if (request.close_after !== undefined) state.close_after_ms = milliseconds(request.close_after);
  const behind = state.queue.findIndex((queued) => rankOf(queued.request) > rankOf(request));
  state.queue.splice(behind < 0 ? state.queue.length : behind, 0, { prompt_id: promptId, request, accepted_at: now });
}

/** From now on, the id belongs to the request of this digest. */
export function rememberId(state: TopicState, promptId: PromptId, digest: string): void {
  state.ids.push([promptId, digest]);
  keepWithin(state.ids, limits.MAX_REMEMBERED_IDS, limits.MAX_REMEMBERED_IDS_BYTES);
  if (state.refused_ids) state.refused_ids = state.refused_ids.filter(([id]) => id !== promptId);
}

function isSame(known: string, request: PromptRequest): boolean {
  return known === (isOfWholeRequest(known) ? digestOfRequest(request) : digestOf(request.prompt));
}

/**
 * The refusal of a request whose id was used for another one. A sender by signal learns of it when
 * it asks.
 */
export function reuseOf(state: TopicState, promptId: PromptId, digest: unknown, topic: TopicId): Failure | undefined {
  const known = digestOfId(state, promptId);
  const comparable = typeof digest === 'string' && known !== undefined && isOfWholeRequest(known);
  return comparable && known !== digest ? reused(promptId, topic) : undefined;
}

function reused(promptId: PromptId, topic: TopicId): Failure {
  return failure('PROMPT_ID_REUSED', `prompt_id ${promptId} was used for another request in topic ${topic}.`);
}

/** Prompts of one rank stay in the order of their acceptance. */
function rankOf({ when = 'queue' }: PromptRequest): number {
  return { interrupt: 0, next: 1, queue: 2 }[when];
}

/** Notes a refused signal, so that a person can see it. */
export function noteRefused(state: TopicState, error: Failure, promptId: PromptId | undefined, now: string): void {
  const shown = { ...error, message: cutToJsonBytes(error.message, 1000) };
  state.refused.push({ error: shown, at: now, ...defined({ prompt_id: promptId }) });
  keepWithin(state.refused, limits.MAX_REFUSED, limits.MAX_REFUSED_BYTES);
  state.refused_total = (state.refused_total ?? 0) + 1;
  if (promptId === undefined || isKnown(state, promptId)) return;
  const ids = (state.refused_ids ?? []).filter(([id]) => id !== promptId);
  ids.push([promptId, error.code]);
  keepWithin(ids, limits.MAX_REMEMBERED_IDS, limits.MAX_REFUSED_IDS_BYTES);
  state.refused_ids = ids;
}

/** Why the newest prompt of this id was refused. */
export function refusalOfId(state: TopicState, promptId: PromptId): Failure | undefined {
  const shown = state.refused.findLast((entry) => entry.prompt_id === promptId);
  if (shown) return shown.error;
  const code = state.refused_ids?.find(([id]) => id === promptId)?.[1];
  return code === undefined
    ? undefined
    : failure(
        isFailureCode(code) ? code : 'INVALID_PROMPT',
        `Prompt ${promptId} was refused as ${code}. The topic no longer remembers the details.`,
      );
}

/** Takes the prompt at this place out of the queue, to work on it. */
export function takeNext(state: TopicState, at = 0): QueuedPrompt | undefined {
  const [next] = at < 0 ? [] : state.queue.splice(at, 1);
  if (next) state.turns += 1;
  return next;
}

export function addSession(state: TopicState, session: SessionRecord): void {
  state.sessions.push(session);
  keepWithin(state.sessions, limits.MAX_SESSIONS, limits.MAX_SESSIONS_BYTES, jsonBytes);
  state.current = session.session_id;
  state.project ??= session.pinned.project;
}

/** Records how a turn ended. `remembered` bounds the number and the bytes of outcomes. */
export function recordOutcome(state: TopicState, result: TurnResult): void {
  const session = result.turn > 0 && result.session_id !== null && sessionOf(state, result.session_id);
  if (session) session.turns += 1;
  // Its store is back, or a person repaired it.
  if (session && result.status === 'completed') delete session.lost;
  state.outcomes = remembered([...state.outcomes, result]);
}

/** Why the session of a failed turn can't go on. `undefined` if it can. */
export function lossOf({ error, loss }: Pick<TurnResult, 'error'> & { loss?: 'full' | 'cold' }): Loss | undefined {
  if (error?.code === 'CONTEXT_OVERFLOW' || error?.code === 'COLD_SESSION') return loss;
  if (error?.code === 'SESSION_LOST') return 'lost';
  return error?.code === 'SESSION_CORRUPTED' ? 'corrupted' : undefined;
}

/** A turn that neither was refused nor has an answer, such as a cancelled one, says nothing. */
export function noteRefusal(
  session: SessionRecord,
  { status, refused, usage }: { status: TurnStatus; refused?: string; usage?: Usage },
): void {
  if (refused !== undefined) session.refused_as = refused;
  else if (status === 'completed' || (usage?.output_tokens ?? 0) > 0) delete session.refused_as;
}

/** Takes a queued prompt out. `undefined` if the topic does not know the prompt. */
export function cancelQueued(
  state: TopicState,
  promptId: PromptId,
  cancelled: (prompt: QueuedPrompt) => TurnResult,
): Cancelled['effect'] | undefined {
  const index = state.queue.findIndex((queued) => queued.prompt_id === promptId);
  const [queued] = index < 0 ? [] : state.queue.splice(index, 1);
  if (queued) {
    recordOutcome(state, cancelled(queued));
    return 'removed';
  }
  return isKnown(state, promptId) ? 'already_ended' : undefined;
}

export function sessionOf(state: TopicState, sessionId: SessionId): SessionRecord | undefined {
  return state.sessions.find((session) => session.session_id === sessionId);
}

export function currentSession(state: TopicState): SessionRecord | undefined {
  return state.current === null ? undefined : sessionOf(state, state.current);
}

export function outcomeOf(state: TopicState, promptId: PromptId): TurnResult | undefined {
  return state.outcomes.findLast((result) => result.prompt_id === promptId);
}

/**
 * The digest of the request that an id was accepted with. `undefined` for an id that was never
 * seen, or is no longer remembered.
 */
function digestOfId(state: TopicState, promptId: PromptId): string | undefined {
  const used = state.ids.find(([id]) => id === promptId)?.[1];
  if (used !== undefined) return used;
  const queued = state.queue.find((one) => one.prompt_id === promptId);
  return queued && digestOfRequest(queued.request);
}

export function isKnown(state: TopicState, promptId: PromptId): boolean {
  return digestOfId(state, promptId) !== undefined;
}

export function stopIsOver(state: TopicState, sessionId: SessionId): void {
  const left = (state.to_stop ?? []).filter((one) => one !== sessionId);
  if (left.length > 0) state.to_stop = left;
  else delete state.to_stop;
  delete state.to_stop_prompts?.[sessionId];
  if (left.length === 0) delete state.to_stop_prompts;
}
