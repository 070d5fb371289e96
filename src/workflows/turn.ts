/**
 * Works on one prompt: chooses the session, opens one if there is none, runs the turn on its host,
 * and reports how it ended.
 */
import * as wf from '@temporalio/workflow';
import type { AskedChecks, RunTurnOutput, TurnWaits } from '../activities/types.js';
import { defined } from '../contract/defined.js';
import { failure, type Failure } from '../contract/failures.js';
import type { QueuedPrompt, RunningPrompt, SessionRecord, TopicState } from '../contract/state.js';
import type { SessionChoice, TurnResult } from '../contract/types.js';
import { furthest, sumOf } from '../contract/usage.js';
import * as calls from './calls.js';
import { askedOtherwise } from './choose-by-agent.js';
import {
  chooseSession,
  replacementOf,
  workspaceRefusal,
  type Chosen,
  type Destination,
  type Nowhere,
} from './choose-session.js';
import { endedByError, isLost, resultOf } from './ended.js';
import { enterSession, unentered } from './enter-session.js';
import { briefFor, briefWithFiles, chooseWithAgent, goalsFor } from './hand-over.js';
import { ifCold } from './held-back.js';
import { goOnIn, wasTold } from './line-of-work.js';
import { noteGround, noteSurroundings, surroundingsOf } from './note-workspace.js';
import { askedNotifyOf } from './noticed.js';
import { onHost } from './on-host.js';
import { keepsModel } from './open-session.js';
import { lossOf, noteRefusal, sessionOf } from './session-state.js';
import { costOf, noteWork } from './spent.js';
import { now } from './time.js';
import type { Topic } from './topic.js';
import { answered, asksOf, knownOf, waited, waitOf, waitsHere } from './waiting.js';

export interface Work {
  topic: Topic;
  /** The request of this turn: the caller's prompt, or the prompt to fix a failed check. */
  prompt: QueuedPrompt;
  turn: RunningPrompt;
  scope: wf.CancellationScope;
}

/** Never throws: a failed or cancelled turn is a result. */
export async function runPrompt(work: Work): Promise<TurnResult> {
  return stoppedAs(work.turn, await inItsPlace(work));
}

/** Adds to a cancelled outcome who stopped the turn, and why. */
export function stoppedAs<T extends Pick<TurnResult, 'status' | 'error'>>({ stopped }: RunningPrompt, ended: T): T {
  if (ended.status !== 'cancelled' || !stopped) return ended;
  const { message, ...by } = stopped;
  return { ...ended, ...by, error: failure('CANCELLED', message) };
}

/** The checks of a prompt. Its first turn and the rounds after it need them. */
export function askedChecksOf({ topic }: Work, { prompt_id, request }: QueuedPrompt): AskedChecks | undefined {
  const { checks, checks_proof: proof } = request;
  return checks && { topic: topic.id, prompt_id, checks, ...defined({ proof }) };
}

async function inItsPlace(work: Work): Promise<TurnResult> {
  const { topic, prompt, turn } = work;
  const before = chosenBefore(work);
  const refused = before ? undefined : workspaceRefusal(topic.state, prompt.request);
  if (refused) return goesNowhere(work, { refused });
  const asked = !before && topic.features.handsOver ? askedOtherwise(topic.state, prompt.request) : undefined;
  const chosen = asked ? await chosenByAgent(work, asked) : (before ?? chooseSession(topic.state, prompt));
  if ('status' in chosen) return chosen;
  if ('unknown' in chosen || 'refused' in chosen) return goesNowhere(work, chosen);
  const result = await runIn(work, chosen);
  const instead = insteadOf(work, result);
  if (!instead) return result;
  delete turn.brief; // It was for the session that is lost.
  return runIn(work, instead);
}

/** Or how the turn ended, because the agent that it names could not be asked about. */
async function chosenByAgent(work: Work, asked: SessionRecord): Promise<Chosen | TurnResult> {
  try {
    return await chooseWithAgent(work, asked);
  } catch (error) {
    if (!(error instanceof wf.TemporalFailure)) throw error; // A defect of ours must fail the task.
    const choice = { kind: 'new', reason: 'agent_changed' } as const;
    return endedAs(work, choice, undefined, endedByError(error, undefined, work.scope.consideredCancelled));
  }
}

/** The choice that the run before this one made and carried over. */
function chosenBefore({ topic, turn }: Work): Chosen | undefined {
  if (turn.choice === undefined || turn.session_id === null) return undefined;
  const session = sessionOf(topic.state, turn.session_id);
  return session && { session, choice: turn.choice };
}

function goesNowhere(work: Work, nowhere: Nowhere): TurnResult {
  const error = 'refused' in nowhere ? nowhere.refused : unknownSession(work);
  return endedAs(work, { kind: 'resumed' }, undefined, { status: 'failed', reply: '', attempts: 0, error });
}

function unknownSession({ topic, prompt: { request } }: Work): Failure {
  if (request.session_id === undefined)
    return failure('SESSION_UNKNOWN', `Topic ${topic.id} has no session to resume.`);
  return failure('SESSION_UNKNOWN', `Topic ${topic.id} no longer remembers session ${request.session_id}.`);
}

async function runIn(work: Work, place: Destination): Promise<TurnResult> {
  const result = await worked(work, place);
  const { pinned_before } = work.turn;
  // Settings stay once a turn has been completed with them: a model that is not there does not.
  const session = pinned_before && result.session_id !== null && sessionOf(work.topic.state, result.session_id);
  if (session && result.status !== 'completed') session.pinned = pinned_before;
  delete work.turn.pinned_before;
  return result;
}

async function worked(work: Work, place: Destination): Promise<TurnResult> {
  const { topic, turn } = work;
  let session: SessionRecord | undefined;
  let choice = unentered(place);
  try {
    ({ session, choice } = await enterSession(work, place));
    if ('pinned' in place && place.pinned) {
      turn.pinned_before = session.pinned;
      session.pinned = place.pinned;
    }
    goOnIn(topic.state, session, choice, now());
    turn.session_id = session.session_id;
    turn.choice = choice;
    topic.announce();
    topic.show();
    const told = await runTurn(work, session);
    // What it had used when it began to wait is known, also where the end tells less.
    const ended = { ...told, ...defined({ usage: furthest(turn.used, told.usage) }) };
    noteRefusal(session, ended);
    noteGround(session, ended);
    noteWork(topic.state, turn, session, ended, now());
    if (ended.status === 'completed' && turn.brief !== undefined) wasTold(session);
    if (ended.status === 'completed') delete session.archive;
    if (ended.compacted !== undefined) session.goals_due = true;
    const loss = lossOf(ended);
    if (loss && topic.features.notes(loss)) session.lost = loss;
    return endedAs(work, choice, session, ended);
  } catch (error) {
    const cancelled = work.scope.consideredCancelled;
    const { used } = turn;
    if (session && !turn.kept_out) noteGround(session, {}); // Commits of its own must not look like others'.
    if (session) noteWork(topic.state, turn, session, defined({ usage: used }), now());
    if (session && cancelled && (topic.features.current || isLost(error))) await stopLost(work, session);
    const ended = { ...endedByError(error, session, cancelled), ...defined({ usage: used }) };
    return endedAs(work, choice, session, ended);
  }
}

/**
 * Stops a turn of which no attempt confirmed that the agent has stopped. No attempt was at work
 * when the turn was cancelled, or its worker is gone.
 */
async function stopLost({ topic, prompt }: Work, session: SessionRecord): Promise<void> {
  if (topic.features.current) return topic.stops.add(session, prompt.prompt_id);
  if (!topic.features.has('lostTurnsAreStopped')) return;
  await calls
    .stopTurn(topic.id, session, { waitsForHost: calls.HOST_ANSWERS_WITHIN, attempts: 5 })
    .catch((error: unknown) => wf.log.warn('The cancelled turn could not be stopped.', { error }));
}

/**
 * Where a prompt goes when its session turned out to be lost. A prompt moves once: if the new
 * session is lost as well, that is the outcome.
 */
function insteadOf({ topic: { state }, prompt }: Work, result: TurnResult): Destination | undefined {
  const session = result.session_id === null ? undefined : sessionOf(state, result.session_id);
  // The record says whether a session that is full is to be replaced.
  const loss = session?.lost === 'full' || session?.lost === 'cold' ? { loss: session.lost } : {};
  const isLost = session && lossOf({ ...result, ...loss });
  return isLost && result.session.kind !== 'replaced'
    ? replacementOf(state, prompt.request, session, { found: true })
    : undefined;
}

async function runTurn(work: Work, session: SessionRecord): Promise<RunTurnOutput> {
  const { topic, turn } = work;
  const { session_id, pinned } = session;
  const { prompt_id, request } = work.prompt;
  await topic.stops.end(session_id);
  const asked = askedChecksOf(work, work.prompt);
  const due = turn.brief === undefined && request.session_id === undefined ? session.brief_due : undefined;
  if (due) {
    turn.brief = topic.features.handsOver ? await briefWithFiles(work, session, due) : briefFor(work, session, due);
  } else if (turn.brief === undefined && request.session_id === undefined && session.goals_due) {
    turn.brief = goalsFor(work, session);
  }
  const { told_first } = session;
  if (request.session_id === undefined && told_first !== undefined) turn.brief ??= told_first;
  const input = {
    topic: topic.id,
    turn: turn.turn,
    prompt_id,
    prompt: (turn.brief ?? '') + request.prompt,
    ...(turn.brief !== undefined && { brief_length: turn.brief.length }),
    session_id,
    pinned,
    ...keepsModel(request),
    ...defined({ refused_before: session.refused_as, ground_before: session.ground }),
    ...defined({ workspace: turn.prompt.request.workspace?.mode }),
    ...budgetsOf(topic.state, turn),
    ...ifCold(turn, session),
    ...(session.archive && { may_be_archived: true as const }),
    ...(asked && { asked_checks: asked }),
    ...askedNotifyOf(topic.id, turn.prompt),
  };
  for (;;) {
    if (turn.waiting) await waited(work, turn.waiting);
    const known = { ...input, ...knownOf(turn) };
    const ended = await onHost(work, pinned.host, (where) => calls.runTurn(known, request.prompt, where));
    answered(turn, ...(ended.answered ?? []));
    if (ended.context) session.context = ended.context;
    noteSurroundings(turn, ended);
    const waiting = waitOf(work, ended);
    if (!waiting || !waitsHere(waiting)) return ended;
    Object.assign(turn, defined({ used: furthest(turn.used, ended.usage) }));
    if (ended.waits) noteWait(turn, ended.waits);
    await waited(work, waiting);
  }
}

/** Those of the caller's prompt, also for its check rounds. */
function budgetsOf(state: TopicState, { prompt, loop }: RunningPrompt) {
  const { usd, is_partial } = costOf(state);
  const before = loop?.rounds.flatMap(({ usage }) => usage ?? []) ?? [];
  return defined({
    budgets: prompt.request.limits,
    used_before: before.length > 0 ? sumOf(before) : undefined,
    topic_cost_usd: usd > 0 ? usd : undefined,
    topic_cost_is_partial: is_partial,
    topic_budget_usd: state.budget_usd,
  });
}

function noteWait(turn: RunningPrompt, waits: TurnWaits): void {
  turn.worked_ms = waits.worked_ms;
  delete turn.goes_on;
  delete turn.instead;
  if (waits.for !== 'answer') turn.goes_on = true;
  else if (waits.model !== undefined) turn.instead = waits.model;
}

function endedAs(
  { topic, prompt, turn }: Work,
  choice: SessionChoice,
  session: SessionRecord | undefined,
  ended: RunTurnOutput,
): TurnResult {
  const result = resultOf({ topic: topic.id, state: topic.state, prompt, turn, choice, session }, ended, now());
  return { ...result, ...defined({ asks: asksOf(turn) }), ...surroundingsOf(turn) };
}
