/** How a prompt ended, as the outcome that its caller gets. Pure. */
import { ActivityFailure, ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';
import type { RunTurnOutput } from '../activities/types.js';
import { failure, isFailureCode, type Failure } from '../contract/failures.js';
import type { TopicId } from '../contract/ids.js';
import type { QueuedPrompt, RunningPrompt, SessionRecord, TopicState } from '../contract/state.js';
import { titleOf } from '../contract/text.js';
import type { SessionChoice, TurnResult } from '../contract/types.js';
import { currentSession, sessionOf } from './session-state.js';

/** Characters of a goal in an outcome. */
const GOAL_LENGTH = 120;

/** Translates what an activity threw. Its own failures travel as codes; the rest is about the plumbing. */
export function endedByError(error: unknown, session: SessionRecord | undefined, cancelled: boolean): RunTurnOutput {
  const ended = { reply: '', attempts: 0 };
  // A host that is gone can't confirm that the turn was stopped: its attempt times out instead. One that breaks off for
  // another reason is not tried again, because the turn is being cancelled.
  if (isCancellation(error) || (cancelled && (isLost(error) || isNotTriedAgain(error)))) {
    return { ...ended, status: 'cancelled', error: failure('CANCELLED', 'The turn was cancelled.') };
  }
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure && isFailureCode(cause.type)) {
    const [detail] = (cause.details ?? []) as (Failure | undefined)[];
    return { ...ended, status: 'failed', error: isFailure(detail) ? detail : failure(cause.type, cause.message) };
  }
  const message = cause instanceof Error ? cause.message : String(error);
  const where = session ? `in session ${session.session_id}` : 'before a session was open';
  const code = cause instanceof TimeoutFailure ? 'OUTCOME_UNKNOWN' : 'INTERNAL';
  return { ...ended, status: 'failed', error: failure(code, `The turn broke off ${where}: ${message}`) };
}

/** The worker of an attempt is gone, or did not report for too long. */
export function isLost(error: unknown): boolean {
  return error instanceof ActivityFailure && error.cause instanceof TimeoutFailure;
}

function isNotTriedAgain(error: unknown): boolean {
  return error instanceof ActivityFailure && error.retryState === 'CANCEL_REQUESTED';
}

function isFailure(detail: unknown): detail is Failure {
  return typeof detail === 'object' && detail !== null && 'code' in detail && 'message' in detail && 'fix' in detail && isFailureCode(detail.code);
}

interface Ending {
  topic: TopicId;
  state: TopicState;
  prompt: QueuedPrompt;
  turn: Pick<RunningPrompt, 'turn' | 'started_at'>;
  choice: SessionChoice;
  session: SessionRecord | undefined;
}

export function resultOf({ topic, state, prompt, turn, choice, session }: Ending, ended: RunTurnOutput, now: string): TurnResult {
  const { started_at } = turn;
  const pinned = session?.pinned;
  const model = ended.model ?? pinned?.model;
  const category = pinned?.category ?? prompt.request.category;
  const { status, reply, reply_truncated, error, attempts, recovered, usage } = ended;
  return {
    topic,
    prompt_id: prompt.prompt_id,
    goal: titleOf(prompt.request.prompt, GOAL_LENGTH),
    session_id: session?.session_id ?? prompt.request.session_id ?? null,
    session: choice,
    status,
    reply,
    ...(reply_truncated && { reply_truncated }),
    ...(error && { error }),
    agent: pinned?.agent ?? prompt.request.agent ?? currentSession(state)?.pinned.agent ?? 'unknown',
    ...(model !== undefined && { model }),
    ...(category !== undefined && { category }),
    turn: turn.turn,
    attempts,
    started_at,
    duration_ms: Date.parse(now) - Date.parse(started_at),
    ...(recovered && { recovered }),
    ...(usage && { usage }),
  };
}

/** The outcome of a prompt that was taken out of the queue. */
export function cancelledBeforeItBegan(topic: TopicId, state: TopicState, prompt: QueuedPrompt, now: string, reason?: string): TurnResult {
  const session = currentSession(state);
  return {
    topic,
    prompt_id: prompt.prompt_id,
    goal: titleOf(prompt.request.prompt, GOAL_LENGTH),
    session_id: prompt.request.session_id ?? session?.session_id ?? null,
    session: { kind: session ? 'resumed' : 'new' },
    status: 'cancelled',
    reply: '',
    error: failure('CANCELLED', `The prompt was cancelled before its turn began${reason === undefined ? '.' : `: ${reason}`}`),
    agent: session?.pinned.agent ?? prompt.request.agent ?? 'unknown',
    turn: 0,
    attempts: 0,
    started_at: now,
    duration_ms: 0,
  };
}

/** The outcome of a turn whose topic was ended while it ran. Its worker stops the agent; how far that came only the session knows. */
export function cutOffFromOutside(topic: TopicId, state: TopicState, running: RunningPrompt, now: string, why: string): TurnResult {
  const { prompt, choice = { kind: 'resumed' }, session_id } = running;
  const session = session_id === null ? undefined : sessionOf(state, session_id);
  const where = session_id === null ? 'before a session was open' : `in session ${session_id}`;
  const error = failure('OUTCOME_UNKNOWN', `The turn was cut off ${where}: ${why}.`);
  return resultOf({ topic, state, prompt, turn: running, choice, session }, { status: 'failed', reply: '', attempts: 0, error }, now);
}
