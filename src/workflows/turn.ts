/** One prompt, worked on: choose the session, open it if there is none, run the turn on its host, and say how it ended. */
import * as wf from '@temporalio/workflow';
import type { AskedChecks, RunTurnOutput } from '../activities/types.js';
import { failure } from '../contract/failures.js';
import type { QueuedPrompt, RunningPrompt, SessionRecord } from '../contract/state.js';
import type { SessionChoice, TurnResult } from '../contract/types.js';
import { briefOf } from './brief.js';
import * as calls from './calls.js';
import { chooseSession, replacementOf, type Chosen, type Place, type ToOpen } from './choose-session.js';
import { endedByError, isLost, resultOf } from './ended.js';
import { onHost } from './on-host.js';
import { addSession, lossOf, sessionOf } from './session-state.js';
import { now } from './time.js';
import type { Topic } from './topic.js';

export interface Work {
  topic: Topic;
  /** What is asked in this turn: what its caller sent, or what a check of that found. */
  prompt: QueuedPrompt;
  turn: RunningPrompt;
  scope: wf.CancellationScope;
}

/** Never throws: a failed or cancelled turn is a result. */
export async function runPrompt(work: Work): Promise<TurnResult> {
  return stoppedAs(work.turn, await inItsPlace(work));
}

/** With who stopped it, and why. */
export function stoppedAs<T extends Pick<TurnResult, 'status' | 'error'>>({ stopped }: RunningPrompt, ended: T): T {
  if (ended.status !== 'cancelled' || !stopped) return ended;
  const { message, ...by } = stopped;
  return { ...ended, ...by, error: failure('CANCELLED', message) };
}

/** The checks that were asked for with a prompt, for its first turn and for what comes after it. */
export function askedChecksOf({ topic }: Work, { prompt_id, request }: QueuedPrompt): AskedChecks | undefined {
  const { checks, checks_proof: proof } = request;
  return checks && { topic: topic.id, prompt_id, checks, ...(proof !== undefined && { proof }) };
}

async function inItsPlace(work: Work): Promise<TurnResult> {
  const { topic, prompt } = work;
  const chosen = chosenBefore(work) ?? chooseSession(topic.state, prompt);
  if ('unknown' in chosen) return endedAs(work, { kind: 'resumed' }, undefined, { status: 'failed', reply: '', attempts: 0, error: unknownSession(work) });
  const result = await runIn(work, chosen);
  const instead = insteadOf(work, result);
  return instead ? runIn(work, instead) : result;
}

/** The run before this one had chosen already, and has carried over what. */
function chosenBefore({ topic, turn }: Work): Chosen | undefined {
  if (turn.choice === undefined || turn.session_id === null) return undefined;
  const session = sessionOf(topic.state, turn.session_id);
  return session && { session, choice: turn.choice };
}

function unknownSession({ topic, prompt: { request } }: Work) {
  if (request.session_id === undefined) return failure('SESSION_UNKNOWN', `Topic ${topic.id} has no session to resume.`);
  return failure('SESSION_UNKNOWN', `Topic ${topic.id} no longer remembers session ${request.session_id}.`);
}

async function runIn(work: Work, place: Place): Promise<TurnResult> {
  const { topic, turn } = work;
  const { choice } = place;
  let session: SessionRecord | undefined;
  try {
    session = 'session' in place ? place.session : await openSession(work, place);
    turn.session_id = session.session_id;
    turn.choice = choice;
    topic.announce();
    topic.show();
    const ended = await runTurn(work, session, choice);
    const loss = lossOf(ended);
    if (loss && topic.features.has('lossesAreNoted')) session.lost = loss;
    return endedAs(work, choice, session, ended);
  } catch (error) {
    const cancelled = work.scope.consideredCancelled;
    if (session && cancelled && (topic.features.current || isLost(error))) await stopLost(work, session);
    return endedAs(work, choice, session, endedByError(error, session, cancelled));
  }
}

/** No attempt has answered that the agent has stopped: none was at work when the turn was cancelled, or its worker is gone. */
async function stopLost({ topic }: Work, session: SessionRecord): Promise<void> {
  if (topic.features.current) return topic.stopAtNextContact(session);
  if (!topic.features.has('lostTurnsAreStopped')) return;
  await calls.stopTurn(topic.id, session, calls.HOST_ANSWERS_WITHIN, 5).catch((error: unknown) => wf.log.warn('The cancelled turn could not be stopped.', { error }));
}

/** Where else the prompt goes when its session turned out to be lost. Once: what befalls the new session as well is the outcome. */
function insteadOf({ topic: { state }, prompt }: Work, result: TurnResult): Place | undefined {
  const session = lossOf(result) && result.session_id !== null ? sessionOf(state, result.session_id) : undefined;
  return session && result.session.kind !== 'replaced' ? replacementOf(state, prompt.request, session) : undefined;
}

async function openSession(work: Work, { opening, host }: ToOpen): Promise<SessionRecord> {
  const { topic, prompt, scope } = work;
  const { epoch } = topic.state;
  const input = { topic: topic.id, prompt_id: prompt.prompt_id, ...(epoch !== undefined && { epoch }), ...opening };
  const open = (where: calls.Where) => calls.openSession(input, prompt.request.prompt, where);
  const opened = await (host === undefined ? scope.run(() => open(calls.ANYWHERE)) : onHost(work, host, open));
  const session = { ...opened, turns: 0, opened_at: now() };
  addSession(topic.state, session);
  return session;
}

async function runTurn(work: Work, session: SessionRecord, choice: SessionChoice): Promise<RunTurnOutput> {
  const { topic, turn } = work;
  const { session_id, pinned } = session;
  const { prompt_id, request } = work.prompt;
  await topic.stopIsOver(session_id);
  const asked = askedChecksOf(work, work.prompt);
  const brief = choice.kind === 'replaced' ? (turn.brief ??= briefOf(topic.id, choice, topic.state.outcomes)) : '';
  const input = { topic: topic.id, turn: turn.turn, prompt_id, prompt: brief + request.prompt, session_id, pinned, ...(asked && { asked_checks: asked }) };
  return onHost(work, pinned.host, (where) => calls.runTurn(input, request.prompt, where));
}

function endedAs({ topic, prompt, turn }: Work, choice: SessionChoice, session: SessionRecord | undefined, ended: RunTurnOutput): TurnResult {
  return resultOf({ topic: topic.id, state: topic.state, prompt, turn, choice, session }, ended, now());
}
