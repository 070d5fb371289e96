/**
 * The activities as a topic calls them: time limits, retries, and what stands beside them in the Web UI. What comes back is
 * looked at: an operator can complete an activity with anything.
 */
import * as wf from '@temporalio/workflow';
import type { Activities, AskedChecks, OpenSessionInput, OpenSessionOutput, RunChecksOutput, RunTurnInput, RunTurnOutput } from '../activities/types.js';
import { failure } from '../contract/failures.js';
import { isId, type TopicId } from '../contract/ids.js';
import { CONTINUITY, hostQueueOf } from '../contract/messages.js';
import type { SessionRecord } from '../contract/state.js';
import { titleOf } from '../contract/text.js';
import { TURN_STATUSES } from '../contract/types.js';

/** Where an activity runs, and how long it may wait for a worker there. */
export type Where = Pick<wf.ActivityOptions, 'taskQueue' | 'scheduleToStartTimeout'>;

export const ANYWHERE: Where = { taskQueue: CONTINUITY };

/** A host that has not taken an activity by then is shown as not answering. */
export const HOST_ANSWERS_WITHIN = '30 seconds';
/** A worker that has died is noticed so late, where no other one takes its data directory. */
const HEARTBEAT_TIMEOUT = '8 seconds';

function activities(options: wf.ActivityOptions): Activities {
  return wf.proxyActivities<Activities>({ cancellationType: 'WAIT_CANCELLATION_COMPLETED', ...options });
}

export async function openSession(input: OpenSessionInput, prompt: string, where: Where): Promise<OpenSessionOutput> {
  const opened = await activities({
    ...where,
    startToCloseTimeout: '2 minutes',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: { initialInterval: '500ms', maximumInterval: '30s', maximumAttempts: 8 },
    summary: `open a session: ${titleOf(prompt)}`,
  }).openSession(input);
  return checked('openSession', opened, ({ session_id, pinned }) => isId(session_id) && isId((pinned as { host?: unknown } | undefined)?.host));
}

export async function runTurn(input: RunTurnInput, prompt: string, where: Where): Promise<RunTurnOutput> {
  const ended = await activities({
    ...where,
    // The limits of a turn are the worker's (config); this only bounds an attempt that forgot them.
    startToCloseTimeout: '25 hours',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    // A crash is picked up as fast the tenth time as the first; the back-off of an agent in trouble comes with its failure.
    retry: { initialInterval: '500ms', backoffCoefficient: 1 },
    summary: `turn ${input.turn}: ${titleOf(prompt)}`,
  }).runTurn(input);
  return checked('runTurn', ended, ({ status, reply }) => TURN_STATUSES.includes(status as RunTurnOutput['status']) && typeof reply === 'string');
}

export async function runChecks(asked: AskedChecks, cwd: string, turn: number, where: Where): Promise<RunChecksOutput> {
  const [check] = asked.checks;
  const ran = await activities({
    ...where,
    // Each command has its own limit; this only bounds an attempt that forgot them.
    startToCloseTimeout: '11 days',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    // The activity counts its attempts itself: a deploy is none that failed.
    retry: { initialInterval: '500ms', backoffCoefficient: 1 },
    summary: `check turn ${turn}: ${titleOf(check?.run ?? '')}${asked.checks.length > 1 ? ` and ${asked.checks.length - 1} more` : ''}`,
  }).runChecks({ asked, cwd });
  return checked('runChecks', ran, (one) => Array.isArray(one.ran) && one.ran.every((run: unknown) => typeof run === 'object' && run !== null && 'passed' in run));
}

/** Returns once somebody on that host takes tasks. */
export function answer(host: string, ms: number): Promise<void> {
  return activities({
    taskQueue: hostQueueOf(host),
    scheduleToStartTimeout: ms,
    startToCloseTimeout: '10 seconds',
    summary: `is host ${host} back?`,
    cancellationType: 'TRY_CANCEL',
  }).answer();
}

/** Stops what of ours runs in a session, whose worker died before it could. */
export function stopTurn(topic: TopicId, { session_id, pinned }: SessionRecord, waitsForHost: wf.ActivityOptions['scheduleToStartTimeout'], attempts?: number): Promise<void> {
  return activities({
    taskQueue: hostQueueOf(pinned.host),
    scheduleToStartTimeout: waitsForHost,
    startToCloseTimeout: '1 minute',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: { initialInterval: '500ms', maximumInterval: '1 minute', ...(attempts !== undefined && { maximumAttempts: attempts }) },
    summary: `stop the turn in session ${session_id}`,
  }).stopTurn({ topic, session_id, pinned });
}

/** @returns why the agent's own conversation is still there, or nothing */
export async function deleteSession(topic: TopicId, { session_id, pinned }: SessionRecord): Promise<string | undefined> {
  try {
    await activities({
      taskQueue: hostQueueOf(pinned.host),
      scheduleToStartTimeout: HOST_ANSWERS_WITHIN,
      startToCloseTimeout: '1 minute',
      retry: { initialInterval: '500ms', maximumAttempts: 3 },
      summary: `delete session ${session_id}`,
    }).deleteSession({ topic, session_id, pinned });
    return undefined;
  } catch (error) {
    if (neverTaken(error)) return `host ${pinned.host} did not answer`;
    const cause = error instanceof wf.ActivityFailure ? error.cause : error;
    return cause instanceof Error ? cause.message : String(cause);
  }
}

export function neverTaken(error: unknown): boolean {
  return error instanceof wf.ActivityFailure && error.cause instanceof wf.TimeoutFailure && error.cause.timeoutType === 'SCHEDULE_TO_START';
}

function checked<T extends object>(activity: string, result: T, isGood: (result: Record<string, unknown>) => boolean): T {
  if (typeof result === 'object' && result !== null && isGood(result as Record<string, unknown>)) return result;
  const problem = failure('OUTCOME_UNKNOWN', `Activity ${activity} was completed from outside with something that is no result of it.`);
  throw wf.ApplicationFailure.create({ type: problem.code, message: problem.message, details: [problem] });
}
