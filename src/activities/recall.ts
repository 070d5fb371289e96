/**
 * What the newest earlier run of a topic knew. Asked by a run that carries nothing: a topic that was closed, or that an
 * operator ended, goes on where it was. Whatever is not certain is thrown and asked again; a topic that began anew by
 * mistake would run its prompts twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { isGrpcServiceError, QueryNotRegisteredError, WorkflowFailedError, type Client, type WorkflowExecutionInfo } from '@temporalio/client';
import { ValueError } from '@temporalio/common';
import { state as stateQuery } from '../contract/messages.js';
import { payloadConverter } from '../contract/payload-converter.js';
import type { TopicInput } from '../contract/state.js';
import type { EndedRun, RecallInput } from './types.js';

/**
 * Visibility lags behind the history (22 ms on SQLite, more on a busy cluster). It is written in order, so a list in which
 * the asking run stands has every run before it. After this time the list is taken as it is.
 */
const OWN_RUN_IS_SEEN_WITHIN_MS = 2_000;
const LOOK_EVERY_MS = 50;
const QUERY_WITHIN_MS = 5_000;

export async function recall({ workflow_id, run_id }: RecallInput): Promise<EndedRun | undefined> {
  const { client } = Context.current();
  const before = await newestBefore(client, workflow_id, run_id);
  if (!before) return undefined;
  const handle = client.workflow.getHandle(workflow_id, before.runId);
  const { status, raw } = await handle.describe();
  const wasReset = raw.workflowExtendedInfo?.resetRunId === run_id;
  const ended = { run_id: before.runId, status: status.name, ...(wasReset && { was_reset: true as const }) };
  if (status.name === 'COMPLETED') return { ...ended, ...(await stateFrom(() => handle.result())) };
  const asked = await stateFrom(() => client.withDeadline(Date.now() + QUERY_WITHIN_MS, () => handle.query(stateQuery)));
  if (asked.state !== undefined) return { ...ended, ...asked };
  // A run that cannot be replayed still says what it began with.
  const { events } = await handle.fetchHistory();
  const [input] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  const carried = input && payloadConverter.fromPayload<TopicInput | undefined>(input)?.state;
  return { ...ended, ...asked, ...(carried && { state: carried }) };
}

/** The newest run but the one that asks. A run that rolled over counts too: an operator may have deleted the one after it. */
async function newestBefore(client: Client, workflowId: string, runId: string): Promise<WorkflowExecutionInfo | undefined> {
  const end = performance.now() + OWN_RUN_IS_SEEN_WITHIN_MS;
  for (;;) {
    let seen = false;
    let newest: WorkflowExecutionInfo | undefined;
    for await (const run of client.workflow.list({ query: `WorkflowId = ${literal(workflowId)}` })) {
      if (run.runId === runId) seen = true;
      else if (!newest || run.startTime > newest.startTime) newest = run;
    }
    if (seen || performance.now() > end) return newest;
    await sleep(LOOK_EVERY_MS);
  }
}

/** @throws what passes, such as that no worker answers a query in time; what does not pass is the problem */
async function stateFrom(ask: () => Promise<unknown>): Promise<Pick<EndedRun, 'state' | 'problem'>> {
  try {
    return { state: await ask() };
  } catch (error) {
    if (!isFinal(error)) throw error;
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** From the gRPC specification: the server's word for a query that a worker answered with a failure, such as that the run cannot be replayed. */
const INVALID_ARGUMENT = 3;

function isFinal(error: unknown): boolean {
  if (error instanceof QueryNotRegisteredError || error instanceof WorkflowFailedError || error instanceof ValueError) return true;
  return isGrpcServiceError(error) && Number(error.code) === INVALID_ARGUMENT;
}

function literal(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
