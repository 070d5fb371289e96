/**
 * Reads what the newest earlier run of a topic knew. A run that carries no state asks for it, so a
 * topic that was closed, or that an operator ended, continues where it was. Every uncertain answer
 * is thrown, and Temporal retries: a topic that started afresh by mistake would run its prompts
 * twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import {
  isGrpcServiceError,
  QueryNotRegisteredError,
  ServiceError,
  WorkflowContinuedAsNewError,
  WorkflowFailedError,
  type Client,
  type WorkflowExecutionInfo,
  type WorkflowHandle,
} from '@temporalio/client';
import { ValueError } from '@temporalio/common';
import { isObject } from '../contract/is-object.js';
import { state as stateQuery, topicSession } from '../contract/messages.js';
import { converterOfClients, payloadConverter } from '../contract/payload-converter.js';
import { quotedInFilter } from '../contract/search-attributes.js';
import type { TopicInput } from '../contract/state.js';
import type { ActivityContext, StateOfHistory } from './context.js';
import type { EndedRun, RecallInput } from './types.js';

type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];
type StartedAttributes = NonNullable<HistoryEvent['workflowExecutionStartedEventAttributes']>;

/**
 * Visibility lags behind the history (22 ms on SQLite, more on a busy cluster). It is written in
 * order, so a list that has the asking run has every run before it, too. After this time the list
 * is used as it is.
 */
const OWN_RUN_IS_SEEN_WITHIN_MS = 2_000;
const LOOK_EVERY_MS = 50;
const QUERY_WITHIN_MS = 5_000;
/**
 * temporal.api.enums.v1.ContinueAsNewInitiator: the workflow's own command, as opposed to its retry
 * policy or its cron schedule.
 */
const BY_THE_WORKFLOW = 1;

export async function recall(
  { workflow_id, run_id }: RecallInput,
  { stateOfHistory }: Pick<ActivityContext, 'stateOfHistory'>,
): Promise<EndedRun | undefined> {
  const { client } = Context.current();
  // A reset can itself be reset before it has recalled. Then the asking run replaces both.
  const replacing = new Set([run_id]);
  for (const before of await runsBefore(client, workflow_id, run_id)) {
    const known = await knownBy(client, before, { asking: run_id, replacing, stateOfHistory });
    if (known) return known;
  }
  return undefined;
}

interface Asking {
  /** The asking run. */
  asking: string;
  /** The asking run, and the runs after the one at hand that were reset to it. */
  replacing: Set<string>;
  stateOfHistory: StateOfHistory;
}

/**
 * What one earlier run knew. `undefined` when that run had not recalled the topic's state itself;
 * the run before it has the state then.
 */
async function knownBy(
  client: Client,
  { workflowId, runId }: WorkflowExecutionInfo,
  { asking, replacing, stateOfHistory }: Asking,
): Promise<EndedRun | undefined> {
  // Without `followRuns: false`, the handle of a run of a cron schedule leads to the next run,
  // which may be the asking one.
  const handle = client.workflow.getHandle(workflowId, runId, { followRuns: false });
  const { status, raw } = await handle.describe();
  // It came after the asking run, which was ended while it recalled, and which a query replays.
  if (status.name === 'RUNNING') return undefined;
  const wasReset = replacing.has(raw.workflowExtendedInfo?.resetRunId ?? '');
  if (wasReset) replacing.add(runId);
  const ended = { run_id: runId, status: status.name, ...(wasReset && { was_reset: true as const }) };
  if (status.name === 'COMPLETED')
    return {
      ...ended,
      ...(await stateFrom(() =>
        handle.result().catch((error: unknown) => resultBefore(client, workflowId, asking, error)),
      )),
    };
  const { started, hasBegun, isTaken } = await beginningOf(client, workflowId, runId);
  // A run that cannot be replayed still has its input in its history. The input counts only if the
  // run before carried it over.
  const [input] = started && Number(started.initiator) === BY_THE_WORKFLOW ? (started.input?.payloads ?? []) : [];
  const carried = input && payloadConverter.fromPayload<TopicInput | undefined>(input)?.state;
  // No worker can answer a query about a run that none ever took a task of. A run that was still
  // recalling would recall again to answer, and not in time if several such runs follow each other.
  if (!hasBegun && !(isTaken && carried)) return carried ? { ...ended, state: carried } : undefined;
  const asked = await stateFrom(() =>
    client.withDeadline(Date.now() + QUERY_WITHIN_MS, () => handle.query(stateQuery)),
  ).then(
    (answer) => (answer.state === undefined ? replayedState(handle, stateOfHistory) : answer),
    (error: unknown) => {
      if (codeOf(error) !== FAILED_PRECONDITION) throw error;
      return replayedState(handle, stateOfHistory);
    },
  );
  if (isRecalling(asked.state)) return undefined;
  return { ...ended, ...asked, ...(asked.state === undefined && carried && { state: carried }) };
}

/**
 * The result of a run that its cron schedule started again. The server reports such a run as
 * continued as new, and the run that follows holds the result.
 */
async function resultBefore(client: Client, workflowId: string, asking: string, error: unknown): Promise<unknown> {
  const { started } = error instanceof WorkflowContinuedAsNewError ? await beginningOf(client, workflowId, asking) : {};
  const [result] = started?.lastCompletionResult?.payloads ?? [];
  if (!result) throw error;
  return converterOfClients.fromPayload(result);
}

/**
 * The server answers no query about a run whose task had failed or timed out three times in a row
 * when the run was ended (Temporal 1.32.0), and a worker none about a run that it cannot replay. The
 * state then comes from the history.
 */
async function replayedState(handle: WorkflowHandle, stateOfHistory: StateOfHistory) {
  return stateOfHistory(handle.workflowId, await handle.fetchHistory(), Context.current().cancellationSignal);
}

function isRecalling(state: unknown): boolean {
  return typeof state === 'object' && state !== null && 'recalling' in state;
}

/** How a run started, whether a worker ever took a task of it, and whether the topic has begun in it. */
async function beginningOf(client: Client, workflowId: string, runId: string) {
  const { namespace } = client.options;
  let started: StartedAttributes | null | undefined;
  let isTaken = false;
  let nextPageToken: Uint8Array | undefined;
  do {
    const execution = { workflowId, runId };
    const page = await client.workflowService.getWorkflowExecutionHistory({
      namespace,
      execution,
      maximumPageSize: 100,
      ...(nextPageToken && { nextPageToken }),
    });
    const events = page.history?.events ?? [];
    started ??= events[0]?.workflowExecutionStartedEventAttributes;
    isTaken ||= events.some((event) => event.workflowTaskCompletedEventAttributes);
    if (events.some(isDeed)) return { started, isTaken, hasBegun: true };
    nextPageToken = page.nextPageToken ?? undefined;
  } while (nextPageToken?.length);
  return { started, isTaken, hasBegun: false };
}

/** The marker of a patch, and the search attribute that tells it (TypeScript SDK 1.24.0). */
const PATCH_MARKER = 'core_patch';
const PATCHES = 'TemporalChangeVersion';

/**
 * What a topic does only once it has recalled, or does not have to: that it has recalled is its
 * first deed. Patches are noted before, and messages that came meanwhile are no deeds.
 */
function isDeed({ markerRecordedEventAttributes, ...event }: HistoryEvent): boolean {
  const { upsertWorkflowSearchAttributesEventAttributes: upsert } = event;
  if (markerRecordedEventAttributes) return markerRecordedEventAttributes.markerName !== PATCH_MARKER;
  if (upsert) return Object.keys(upsert.searchAttributes?.indexedFields ?? {}).some((name) => name !== PATCHES);
  return Object.values(event).some(
    (attributes: unknown) => isObject(attributes) && attributes['workflowTaskCompletedEventId'] != null,
  );
}

/**
 * All runs except the asking one, newest first. A run that continued as new counts too, because an
 * operator may have deleted the run after it.
 */
async function runsBefore(client: Client, workflowId: string, runId: string): Promise<WorkflowExecutionInfo[]> {
  const end = performance.now() + OWN_RUN_IS_SEEN_WITHIN_MS;
  for (;;) {
    let seen = false;
    const runs: WorkflowExecutionInfo[] = [];
    for await (const run of client.workflow.list({ query: `WorkflowId = ${quotedInFilter(workflowId)}` })) {
      if (run.runId === runId) seen = true;
      // A workflow of another type may have had the id.
      else if (run.type === topicSession) runs.push(run);
    }
    if (seen || performance.now() > end)
      return runs.sort((one, other) => Number(other.startTime) - Number(one.startTime));
    await sleep(LOOK_EVERY_MS);
  }
}

/**
 * The state, or the problem that will not pass.
 *
 * @throws an error that may pass, such as a query that no worker answers in time
 */
async function stateFrom(ask: () => Promise<unknown>): Promise<Pick<EndedRun, 'state' | 'problem'>> {
  try {
    return { state: await ask() };
  } catch (error) {
    if (!isFinal(error)) throw error;
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * From the gRPC specification. The server answers it when a worker failed a query, for example
 * because the run cannot be replayed.
 */
const INVALID_ARGUMENT = 3;
const FAILED_PRECONDITION = 9;

function isFinal(error: unknown): boolean {
  if (error instanceof QueryNotRegisteredError || error instanceof WorkflowFailedError || error instanceof ValueError)
    return true;
  return codeOf(error) === INVALID_ARGUMENT;
}

function codeOf(error: unknown): number | undefined {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) ? Number(cause.code) : undefined;
}
