/** One prompt, worked on: choose the session, open it if there is none, run the turn on its host, and say how it ended. */
import * as wf from '@temporalio/workflow';
import type { Activities, AskedChecks, OpenSessionOutput, RunTurnOutput } from '../activities/types.js';
import { failure, isFailureCode, type Failure } from '../contract/failures.js';
import type { TopicId } from '../contract/ids.js';
import { CONTINUITY, hostQueueOf, type QueuedPrompt, type SessionRecord, type TopicState } from '../contract/messages.js';
import type { SessionChoice, TurnResult } from '../contract/types.js';
import { announce } from './announce.js';
import { briefOf } from './brief.js';
import { chooseSession, replacementOf, type Place, type ToOpen } from './choose-session.js';
import { addSession, currentSession, lossOf, sessionOf } from './session-state.js';
import { titleOf } from './text.js';
import type { RunningTurn } from './topic-view.js';

/** A host that has not taken the turn by then is shown as not answering. */
const HOST_ANSWERS_WITHIN = '30 seconds';
/** And it is waited for that long: a closed laptop overnight, a long week-end. */
const HOST_IS_WAITED_FOR = '4 days';
/** How long a goal is in an outcome. */
const GOAL_LENGTH = 120;
/** A topic of an older release left it at the failure: its history must be read as that. */
const LOSSES_ARE_NOTED = 'lost-sessions-are-replaced';
/** It waited for the host with the turn itself, and was shown as waiting until that had ended. */
const HOSTS_ARE_ASKED = 'hosts-that-come-back-are-asked-first';
/** It left alone what its worker was at when it died under a cancelled turn. */
const LOST_TURNS_ARE_STOPPED = 'cancelled-turns-of-dead-workers-are-stopped';

export interface Work {
  topic: TopicId;
  state: TopicState;
  /** What is asked in this turn: what its caller sent, or what a check of that found. */
  prompt: QueuedPrompt;
  turn: RunningTurn;
  scope: wf.CancellationScope;
  /** Brings the page in the Web UI up to date. */
  show: () => void;
}

/** Never throws: a failed or cancelled turn is a result. */
export async function runPrompt(work: Work): Promise<TurnResult> {
  return stoppedAs(work.turn, await inItsPlace(work));
}

/** With who stopped it, and why. */
export function stoppedAs<T extends Pick<TurnResult, 'status' | 'error'>>({ stopped }: RunningTurn, ended: T): T {
  if (ended.status !== 'cancelled' || !stopped) return ended;
  const { message, ...by } = stopped;
  return { ...ended, ...by, error: failure('CANCELLED', message) };
}

/** The checks that were asked for with the prompt, for its first turn and for what comes after it. */
export function askedChecksOf({ topic, prompt: { prompt_id, request } }: Work): AskedChecks | undefined {
  const { checks, checks_proof: proof } = request;
  return checks && { topic, prompt_id, checks, ...(proof !== undefined && { proof }) };
}

async function inItsPlace(work: Work): Promise<TurnResult> {
  const { topic, state, prompt } = work;
  const chosen = chooseSession(state, prompt);
  if ('unknown' in chosen) {
    const error = failure('SESSION_UNKNOWN', `Topic ${topic} no longer remembers session ${prompt.request.session_id ?? ''}.`);
    return resultOf(work, { kind: 'resumed' }, undefined, { status: 'failed', reply: '', attempts: 0, error });
  }
  const result = await runIn(work, chosen);
  const instead = insteadOf(work, result);
  return instead ? runIn(work, instead) : result;
}

async function runIn(work: Work, place: Place): Promise<TurnResult> {
  const { topic, state, turn } = work;
  const { choice } = place;
  let session: SessionRecord | undefined;
  try {
    session = 'session' in place ? place.session : await openSession(work, place);
    turn.session_id = session.session_id;
    announce(topic, state, turn, false);
    work.show();
    const ended = await runTurn(work, session, choice);
    const loss = lossOf(ended);
    if (loss && wf.patched(LOSSES_ARE_NOTED)) session.lost = loss;
    return resultOf(work, choice, session, ended);
  } catch (error) {
    const cancelled = work.scope.consideredCancelled;
    if (session && cancelled && isLost(error) && wf.patched(LOST_TURNS_ARE_STOPPED)) await stopTurn(work, session);
    return resultOf(work, choice, session, endedByError(error, session, cancelled));
  }
}

/** Its worker died before it could: the next one on that host does it. A host that does not answer has nothing that runs, or nobody who could tell. */
async function stopTurn({ topic }: Work, { session_id, pinned }: SessionRecord): Promise<void> {
  const options = {
    taskQueue: hostQueueOf(pinned.host),
    scheduleToStartTimeout: HOST_ANSWERS_WITHIN,
    startToCloseTimeout: '1 minute',
    retry: { initialInterval: '500ms', maximumAttempts: 5 },
    summary: 'stop what its dead worker was at',
  } as const;
  try {
    await wf.proxyActivities<Activities>(options).stopTurn({ topic, session_id, pinned });
  } catch (error) {
    wf.log.warn('The cancelled turn could not be stopped.', { error });
  }
}

/** Where else the prompt goes when its session turned out to be lost. Once: what befalls the new session as well is the outcome. */
function insteadOf({ state, prompt }: Work, result: TurnResult): Place | undefined {
  const session = lossOf(result) && result.session_id !== null ? sessionOf(state, result.session_id) : undefined;
  return session && result.session.kind !== 'replaced' ? replacementOf(state, prompt.request, session) : undefined;
}

async function openSession(work: Work, { opening, host }: ToOpen): Promise<SessionRecord> {
  const { topic, state, prompt, scope } = work;
  const options = {
    startToCloseTimeout: '2 minutes',
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    heartbeatTimeout: '8 seconds',
    retry: { initialInterval: '500ms', maximumInterval: '30s', maximumAttempts: 8 },
    summary: `open a session: ${titleOf(prompt.request.prompt)}`,
  } as const;
  const input = { topic, prompt_id: prompt.prompt_id, ...opening };
  const open = (where: Pick<wf.ActivityOptions, 'taskQueue' | 'scheduleToStartTimeout'>) =>
    scope.run(() => wf.proxyActivities<Activities>({ ...options, ...where }).openSession(input));
  const opened: OpenSessionOutput = await (host === undefined ? open({ taskQueue: CONTINUITY }) : onHost(work, host, open));
  const session = { ...opened, turns: 0, opened_at: new Date().toISOString() };
  addSession(state, session);
  return session;
}

function runTurn(work: Work, { session_id, pinned }: SessionRecord, choice: SessionChoice): Promise<RunTurnOutput> {
  const { topic, state, turn, scope } = work;
  const { prompt_id, request } = work.prompt;
  const options = {
    // The limits of a turn are the worker's (config); this only bounds an attempt that forgot them.
    startToCloseTimeout: '25 hours',
    heartbeatTimeout: '8 seconds',
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    // A crash is picked up as fast the tenth time as the first; the back-off of an agent in trouble comes with its failure.
    retry: { initialInterval: '500ms', backoffCoefficient: 1 },
    summary: `turn ${turn.turn}: ${titleOf(request.prompt)}`,
  } as const;
  const asked = askedChecksOf(work);
  const brief = choice.kind === 'replaced' ? briefOf(topic, choice, state.outcomes) : '';
  const input = { topic, turn: turn.turn, prompt_id, prompt: brief + request.prompt, session_id, pinned, ...(asked && { asked_checks: asked }) };
  return onHost(work, pinned.host, (where) => scope.run(() => wf.proxyActivities<Activities>({ ...options, ...where }).runTurn(input)));
}

type Where = Required<Pick<wf.ActivityOptions, 'taskQueue' | 'scheduleToStartTimeout'>>;

/** What only this host can do. While it does not answer, the topic is shown as waiting for it. @throws HOST_UNAVAILABLE in the end */
export async function onHost<T>({ topic, state, turn, scope, show }: Work, host: string, work: (where: Where) => Promise<T>): Promise<T> {
  const taskQueue = hostQueueOf(host);
  for (;;) {
    try {
      return await work({ taskQueue, scheduleToStartTimeout: HOST_ANSWERS_WITHIN });
    } catch (error) {
      if (!neverTaken(error)) throw error;
    }
    turn.waiting_for_host = host;
    announce(topic, state, turn, false);
    show();
    const asks = wf.patched(HOSTS_ARE_ASKED);
    try {
      if (!asks) return await work({ taskQueue, scheduleToStartTimeout: HOST_IS_WAITED_FOR });
      const waiting = { taskQueue, scheduleToStartTimeout: HOST_IS_WAITED_FOR, startToCloseTimeout: '10 seconds', summary: `is host ${host} back?` } as const;
      await scope.run(() => wf.proxyActivities<Activities>(waiting).answer());
    } catch (error) {
      if (!neverTaken(error)) throw error;
      const waited = failure('HOST_UNAVAILABLE', `Host ${host}, which has the session, did not take turn ${turn.turn} within ${HOST_IS_WAITED_FOR}.`);
      throw wf.ApplicationFailure.create({ type: waited.code, message: waited.message, details: [waited] });
    } finally {
      delete turn.waiting_for_host;
    }
    announce(topic, state, turn, false);
    show();
  }
}

function neverTaken(error: unknown): boolean {
  return error instanceof wf.ActivityFailure && error.cause instanceof wf.TimeoutFailure && error.cause.timeoutType === 'SCHEDULE_TO_START';
}

/** Whoever was at it is gone. */
function isLost(error: unknown): boolean {
  return error instanceof wf.ActivityFailure && error.cause instanceof wf.TimeoutFailure;
}

/** Translates what an activity threw. Its own failures travel as codes; the rest is about the plumbing. */
export function endedByError(error: unknown, session: SessionRecord | undefined, cancelled: boolean): RunTurnOutput {
  const ended = { reply: '', attempts: 0 };
  // A host that is gone can't confirm that the turn was stopped: its attempt times out instead.
  if (wf.isCancellation(error) || (cancelled && isLost(error))) {
    return { ...ended, status: 'cancelled', error: failure('CANCELLED', 'The turn was cancelled.') };
  }
  const cause = error instanceof wf.ActivityFailure ? error.cause : error;
  if (cause instanceof wf.ApplicationFailure && isFailureCode(cause.type)) {
    const [detail] = (cause.details ?? []) as (Failure | undefined)[];
    return { ...ended, status: 'failed', error: detail ?? failure(cause.type, cause.message) };
  }
  const message = cause instanceof Error ? cause.message : String(error);
  const where = session ? `in session ${session.session_id}` : 'before a session was open';
  const code = cause instanceof wf.TimeoutFailure ? 'OUTCOME_UNKNOWN' : 'INTERNAL';
  return { ...ended, status: 'failed', error: failure(code, `The turn broke off ${where}: ${message}`) };
}

function resultOf({ topic, prompt, turn, state }: Work, choice: SessionChoice, session: SessionRecord | undefined, ended: RunTurnOutput): TurnResult {
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
    duration_ms: Date.now() - Date.parse(started_at),
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
