/**
 * The activities as a topic calls them, with time limits, retries and the summary that the Web UI
 * shows. Every result is checked, because an operator can complete an activity with any value.
 */
import * as wf from '@temporalio/workflow';
import type { FindOriginInput, ForkSessionInput, ForkSessionOutput } from '../activities/fork-types.js';
import type {
  Activities,
  AdoptSessionInput,
  ChangedFilesInput,
  ChangedFilesOutput,
  OpenSessionInput,
  OpenSessionOutput,
  ResolveAgentInput,
  ResolveAgentOutput,
  RunChecksInput,
  RunChecksOutput,
  RunTurnInput,
  RunTurnOutput,
} from '../activities/types.js';
import type { NotifyInput, NotifyOutput } from '../contract/notices.js';
import type { ReplyPage } from '../contract/answers.js';
import { defined } from '../contract/defined.js';
import { failure } from '../contract/failures.js';
import type { ForkOrigin } from '../contract/fork.js';
import type { PromptId, TopicId } from '../contract/ids.js';
import { CONTINUITY, hostQueueOf, type ReplyQuestion } from '../contract/messages.js';
import type { SessionRecord } from '../contract/state.js';
import { cutToBytes, titleOf } from '../contract/text.js';
import { forkedIn, originRead } from './read-fork.js';
import { changedIn, checkedIn, endedIn, keptIn, openedIn, resolvedIn, toldIn } from './read-results.js';

/** The task queue of an activity, and how long it may wait for a worker on it. */
export type Where = Pick<wf.ActivityOptions, 'taskQueue' | 'scheduleToStartTimeout'>;

export const ANYWHERE: Where = { taskQueue: CONTINUITY };

/** The topic keeps the reason. */
const MOST_BYTES_OF_A_REASON = 300;

/** A host that has not taken an activity within this time is shown as not answering. */
export const HOST_ANSWERS_WITHIN = '30 seconds';
/** The default time for which a turn waits for its host. Config can change it. */
export const STOP_WAITS_FOR_HOST = '4 days';
/**
 * A dead worker is noticed after this time, unless another worker takes over its data directory
 * earlier.
 */
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
  return openedIn(opened) ?? noResultOf('openSession');
}

export async function adoptSession(input: AdoptSessionInput, where: Where): Promise<OpenSessionOutput> {
  const adopted = await activities({
    ...where,
    startToCloseTimeout: '5 minutes',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: { initialInterval: '500ms', maximumInterval: '30s', maximumAttempts: 8 },
    summary: `take over session ${input.session_id}`,
  }).adoptSession(input);
  return openedIn(adopted) ?? noResultOf('adoptSession');
}

export async function findOrigin(input: FindOriginInput): Promise<ForkOrigin> {
  const found = await activities({
    ...ANYWHERE,
    startToCloseTimeout: '30 seconds',
    retry: { initialInterval: '500ms', maximumInterval: '10s', maximumAttempts: 10 },
    summary: `what does topic ${input.wish.topic} have?`,
  }).findOrigin(input);
  return originRead(found) ?? noResultOf('findOrigin');
}

export async function forkSession(input: ForkSessionInput, where: Where): Promise<ForkSessionOutput> {
  const forked = await activities({
    ...where,
    startToCloseTimeout: '5 minutes',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: { initialInterval: '500ms', maximumInterval: '30s', maximumAttempts: 8 },
    summary: `copy session ${input.from.session_id}`,
  }).forkSession(input);
  return forkedIn(forked) ?? noResultOf('forkSession');
}

export async function resolveAgent(input: ResolveAgentInput, where: Where): Promise<ResolveAgentOutput> {
  const resolved = await activities({
    ...where,
    startToCloseTimeout: '30 seconds',
    retry: { initialInterval: '500ms', maximumInterval: '30s', maximumAttempts: 8 },
    summary: `what is agent ${input.opening.agent}?`,
  }).resolveAgent(input);
  return resolvedIn(resolved) ?? noResultOf('resolveAgent');
}

export async function changedFiles(input: ChangedFilesInput, where: Where): Promise<ChangedFilesOutput> {
  const changed = await activities({
    ...where,
    startToCloseTimeout: '15 seconds',
    retry: { initialInterval: '500ms', maximumAttempts: 3 },
    summary: `what changed since ${input.since}?`,
    cancellationType: 'TRY_CANCEL', // It ends by itself within seconds.
  }).changedFiles(input);
  return changedIn(changed);
}

export async function runTurn(input: RunTurnInput, prompt: string, where: Where): Promise<RunTurnOutput> {
  const ended = await activities({
    ...where,
    // The worker's config limits a turn. This timeout only ends an attempt whose worker failed to.
    startToCloseTimeout: '25 hours',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    // The tenth attempt after a crash starts as fast as the first. The delay after an agent's
    // failure is set on the failure itself.
    retry: { initialInterval: '500ms', backoffCoefficient: 1 },
    summary: `turn ${input.turn}: ${titleOf(prompt)}`,
  }).runTurn(input);
  return endedIn(ended) ?? noResultOf('runTurn');
}

export async function runChecks(
  { asked, ...place }: RunChecksInput,
  turn: number,
  where: Where,
): Promise<RunChecksOutput> {
  const [check] = asked.checks;
  const ran = await activities({
    ...where,
    // Each command has its own limit. This timeout only ends an attempt whose worker failed to.
    startToCloseTimeout: '11 days',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    // The activity counts its failed attempts itself, because an attempt that a deploy ended is not
    // a failed one.
    retry: { initialInterval: '500ms', backoffCoefficient: 1 },
    summary: `check turn ${turn}: ${titleOf(check?.run ?? '')}${asked.checks.length > 1 ? ` and ${asked.checks.length - 1} more` : ''}`,
  }).runChecks({ asked, ...place });
  return checkedIn(ran) ?? noResultOf('runChecks');
}

/** Returns once a worker on that host takes tasks. */
export function answer(host: string, ms: number): Promise<void> {
  return activities({
    taskQueue: hostQueueOf(host),
    scheduleToStartTimeout: ms,
    startToCloseTimeout: '10 seconds',
    summary: `is host ${host} back?`,
    cancellationType: 'TRY_CANCEL',
  }).answer();
}

interface Stop {
  waitsForHost: wf.ActivityOptions['scheduleToStartTimeout'];
  attempts?: number;
  /** The prompt whose turn is stopped. */
  promptId?: PromptId | undefined;
}

/** Stops our turn in a session whose worker died before it could stop the turn. */
export function stopTurn(
  topic: TopicId,
  { session_id, pinned }: SessionRecord,
  { waitsForHost, attempts, promptId }: Stop,
): Promise<void> {
  return activities({
    taskQueue: hostQueueOf(pinned.host),
    scheduleToStartTimeout: waitsForHost,
    startToCloseTimeout: '1 minute',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: {
      initialInterval: '500ms',
      maximumInterval: '1 minute',
      ...defined({ maximumAttempts: attempts }),
    },
    summary: `stop the turn in session ${session_id}`,
  }).stopTurn({ topic, session_id, pinned, ...defined({ prompt_id: promptId }) });
}

/** Tries as long as a turn waits for its host, because the reason may pass. */
export async function notify(input: NotifyInput, taskQueue: string): Promise<NotifyOutput> {
  const [first] = input.notices;
  const more = input.notices.length > 1 ? ` and ${input.notices.length - 1} more` : '';
  const told = await activities({
    taskQueue,
    scheduleToCloseTimeout: STOP_WAITS_FOR_HOST,
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: { initialInterval: '500ms', maximumInterval: '1 minute' },
    summary: `notify: prompt ${first?.prompt_id} ${first?.event.event}${more}`,
  }).notify(input);
  return toldIn(told);
}

export function readReply(input: ReplyQuestion): Promise<ReplyPage> {
  return activities({
    taskQueue: hostQueueOf(input.pinned.host),
    scheduleToStartTimeout: HOST_ANSWERS_WITHIN,
    startToCloseTimeout: '30 seconds',
    retry: { initialInterval: '500ms', maximumAttempts: 3 },
    summary: `what was said to ${input.prompt_id}`,
  }).readReply(input);
}

/** @returns why the agent's own conversation was not deleted, or `undefined` when it was */
export function deleteSession(topic: TopicId, session: SessionRecord): Promise<string | undefined> {
  return keptBecause(session, 'delete', async ({ deleteSession }, its) => deleteSession({ topic, ...its }));
}

/** @returns why the agent's own list still has the session, or `undefined` when it does not */
export async function archiveSession(topic: TopicId, session: SessionRecord): Promise<string | undefined> {
  const kept = await keptBecause(session, 'archive', async ({ archiveSession }, its) =>
    keptIn(await archiveSession({ topic, ...its })),
  );
  return kept === undefined ? undefined : cutToBytes(kept, MOST_BYTES_OF_A_REASON);
}

async function keptBecause(
  { session_id, pinned }: SessionRecord,
  what: string,
  deed: (host: Activities, its: Pick<SessionRecord, 'session_id' | 'pinned'>) => Promise<string | void>,
): Promise<string | undefined> {
  const host = activities({
    taskQueue: hostQueueOf(pinned.host),
    scheduleToStartTimeout: HOST_ANSWERS_WITHIN,
    startToCloseTimeout: '1 minute',
    retry: { initialInterval: '500ms', maximumAttempts: 3 },
    summary: `${what} session ${session_id}`,
  });
  try {
    return (await deed(host, { session_id, pinned })) ?? undefined;
  } catch (error) {
    if (neverTaken(error)) return `host ${pinned.host} did not answer`;
    const cause = error instanceof wf.ActivityFailure ? error.cause : error;
    return cause instanceof Error ? cause.message : String(cause);
  }
}

export function neverTaken(error: unknown): boolean {
  return (
    error instanceof wf.ActivityFailure &&
    error.cause instanceof wf.TimeoutFailure &&
    error.cause.timeoutType === 'SCHEDULE_TO_START'
  );
}

function noResultOf(activity: string): never {
  const problem = failure(
    'OUTCOME_UNKNOWN',
    `Activity ${activity} was completed from outside with a value that is not its result.`,
  );
  throw wf.ApplicationFailure.create({ type: problem.code, message: problem.message, details: [problem] });
}
