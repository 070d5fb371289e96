/** Turns the end of a prompt into the outcome that its caller gets. Pure. */
import { ActivityFailure, ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';
import type { RunTurnOutput } from '../activities/types.js';
import { defined } from '../contract/defined.js';
import { failure, isFailureCode } from '../contract/failures.js';
import type { TopicId } from '../contract/ids.js';
import type { QueuedPrompt, RunningPrompt, SessionRecord, TopicState } from '../contract/state.js';
import { titleOf } from '../contract/text.js';
import type { SessionChoice, TurnResult } from '../contract/types.js';
import { failureIn } from './read-results.js';
import { currentSession, sessionOf } from './session-state.js';

/** The most characters of a goal in an outcome. */
const GOAL_LENGTH = 120;

/**
 * Translates an error that an activity threw. Failures of the activity carry a code. Every other
 * error comes from Temporal, or is a defect of ours.
 */
export function endedByError(error: unknown, session: SessionRecord | undefined, cancelled: boolean): RunTurnOutput {
  const ended = { reply: '', attempts: 0 };
  // A host that is gone can't confirm that the turn was stopped: its attempt times out. An attempt
  // that breaks off for another reason is not repeated, because the turn is being cancelled.
  if (isCancellation(error) || (cancelled && (isLost(error) || isNotTriedAgain(error)))) {
    return { ...ended, status: 'cancelled', error: failure('CANCELLED', 'The turn was cancelled.') };
  }
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure && isFailureCode(cause.type)) {
    const detail = failureIn(cause.details?.[0]);
    return {
      ...ended,
      status: 'failed',
      error: detail && isFailureCode(detail.code) ? detail : failure(cause.type, cause.message),
    };
  }
  const message = cause instanceof Error ? cause.message : String(error);
  const where = session ? `in session ${session.session_id}` : 'before a session was open';
  const code = cause instanceof TimeoutFailure ? 'OUTCOME_UNKNOWN' : 'INTERNAL';
  return { ...ended, status: 'failed', error: failure(code, `The turn broke off ${where}: ${message}`) };
}

/** Whether the worker of the attempt is gone, or sent no heartbeat for too long. */
export function isLost(error: unknown): boolean {
  return error instanceof ActivityFailure && error.cause instanceof TimeoutFailure;
}

function isNotTriedAgain(error: unknown): boolean {
  return error instanceof ActivityFailure && error.retryState === 'CANCEL_REQUESTED';
}

interface Ending {
  topic: TopicId;
  state: TopicState;
  prompt: QueuedPrompt;
  turn: Pick<RunningPrompt, 'turn' | 'started_at'>;
  choice: SessionChoice;
  session: SessionRecord | undefined;
}

export function resultOf(
  { topic, state, prompt, turn, choice, session }: Ending,
  ended: RunTurnOutput,
  now: string,
): TurnResult {
  const { started_at } = turn;
  const pinned = session?.pinned;
  const model = ended.model ?? pinned?.model;
  const category = pinned?.category ?? prompt.request.category;
  const { status, reply, reply_truncated, reply_parts, error, attempts, recovered } = ended;
  const { guarantee, fell_back_from, compacted, not_compacted, usage, left_behind, workspace } = ended;
  return {
    topic,
    prompt_id: prompt.prompt_id,
    goal: titleOf(prompt.request.prompt, GOAL_LENGTH),
    session_id: session?.session_id ?? prompt.request.session_id ?? null,
    session: choice,
    status,
    reply,
    ...(reply_truncated && { reply_truncated }),
    ...defined({ reply_parts }),
    ...(reply_parts && ended.reply_parts_truncated && { reply_parts_truncated: true as const }),
    ...defined({ error }),
    agent: pinned?.agent ?? prompt.request.agent ?? currentSession(state)?.pinned.agent ?? 'unknown',
    ...defined({ model, category }),
    turn: turn.turn,
    attempts,
    started_at,
    duration_ms: Date.parse(now) - Date.parse(started_at),
    ...(recovered && { recovered }),
    ...defined({ guarantee, fell_back_from, compacted, not_compacted, usage, left_behind }),
    ...defined({ workspace: workspace ?? pinned?.workspace }),
  };
}

/** The outcome of a prompt that was taken out of the queue. */
export function cancelledBeforeItBegan(
  topic: TopicId,
  state: TopicState,
  prompt: QueuedPrompt,
  now: string,
  reason?: string,
): TurnResult {
  const named = prompt.request.session_id;
  const session = named === undefined ? currentSession(state) : sessionOf(state, named);
  return {
    topic,
    prompt_id: prompt.prompt_id,
    goal: titleOf(prompt.request.prompt, GOAL_LENGTH),
    session_id: named ?? session?.session_id ?? null,
    session: { kind: named !== undefined || session ? 'resumed' : 'new' },
    status: 'cancelled',
    reply: '',
    error: failure(
      'CANCELLED',
      `The prompt was cancelled before its turn started${reason === undefined ? '.' : `: ${reason}`}`,
    ),
    agent: session?.pinned.agent ?? prompt.request.agent ?? 'unknown',
    turn: 0,
    attempts: 0,
    started_at: now,
    duration_ms: 0,
  };
}

/**
 * The outcome of a turn that ran while its topic was ended from outside. The worker stops the agent
 * then. Only the agent's session knows how far the turn came.
 */
export function cutOffFromOutside(
  topic: TopicId,
  state: TopicState,
  running: RunningPrompt,
  now: string,
  why: string,
): TurnResult {
  const { prompt, choice = { kind: 'resumed' }, session_id } = running;
  const session = session_id === null ? undefined : sessionOf(state, session_id);
  const where = session_id === null ? 'before a session was open' : `in session ${session_id}`;
  const error = failure('OUTCOME_UNKNOWN', `The turn was cut off ${where}: ${why}.`);
  return resultOf(
    { topic, state, prompt, turn: running, choice, session },
    { status: 'failed', reply: '', attempts: 0, error },
    now,
  );
}
