/**
 * Frees topics whose history cannot be replayed. It resets such a topic to just before the workflow
 * task that cannot be replayed.
 *
 * The SDK's core (sdk-core of 1.24.0) can write such a history. It happens when a query reaches a
 * fresh worker while a workflow task is scheduled and not started. The query applies the events
 * that wait for that task. An update that comes with the task is then recorded after commands that
 * a replay puts after the update. It takes a killed worker, a caller that asks for its outcome, and
 * another prompt within ten seconds; the chaos run meets it every few minutes. Without a reset, the
 * topic would fail its workflow task for ever.
 *
 * Or an update was accepted in a workflow task that waited for a local activity, and the worker was
 * killed, or the topic reset, right after it. The replay of that task answers the update, the core
 * drops the answer as one that was sent before, and the server refuses the task that refers to it.
 *
 * A reset loses nothing. The server applies signals and updates again, and a turn that runs again
 * is harvested from its session. This is true only for the same code. Another build may name
 * prompts and sessions differently, and would put prompts in twice. So only what our own build
 * wrote is reset, and only while no other build takes tasks of topics.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type WorkflowExecutionInfo, type WorkflowHandle } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { dataConverter } from '../src/contract/client-options.js';
import { CONTINUITY, topicSession } from '../src/contract/messages.js';
import type { Log } from '../src/activities/context.js';
import { LastHour } from './last-hour.js';

type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

export interface Unsticking {
  connection: NativeConnection;
  namespace: string;
  /** The build id of this worker (`buildIdOf`). */
  buildId: string;
  log: Log;
  signal: AbortSignal;
  /** The time between two looks, in ms. */
  everyMs?: number;
  /** The clock, in ms. */
  now?: () => number;
}

/**
 * The server reports its cause once a workflow task has failed some times in a row (since 1.29).
 */
const CAUSES = ['NonDeterministicError', 'BadUpdateWorkflowExecutionMessage'];
const STUCK = `WorkflowType = '${topicSession}' AND ExecutionStatus = 'Running' AND TemporalReportedProblems IN (${CAUSES.map((cause) => `'cause=WorkflowTaskFailedCause${cause}'`).join(', ')})`;
/** A topic that is stuck again after so many resets has another cause, and a person has to look. */
const RESETS_AN_HOUR = 3;
/** temporal.api.enums.v1.TaskQueueType */
const WORKFLOW = 1;

/**
 * Runs until it is aborted. Every failure is logged, the same one once an hour, and retried at the
 * next look.
 */
export async function unstickTopics({
  connection,
  namespace,
  buildId,
  log,
  signal,
  everyMs = 5000,
  now,
}: Unsticking): Promise<void> {
  const client = new Client({ connection, dataConverter, namespace });
  const resets = new LastHour(now);
  const said = new LastHour(now);
  const say = (message: string, facts: object) => {
    if (said.add(JSON.stringify([message, facts])) === 1) log(message, facts);
  };
  const noted = (error: unknown) =>
    say('stuck topics could not be looked for or reset', {
      error: error instanceof Error ? error.message : String(error),
    });
  const free = async ({ workflowId, runId }: Pick<WorkflowExecutionInfo, 'workflowId' | 'runId'>) => {
    const before = resets.count(workflowId);
    if (before >= RESETS_AN_HOUR)
      return say('topic is stuck and was reset too often', { workflow_id: workflowId, resets_in_an_hour: before });
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const eventId = resetPointOf(events ?? [], before);
    if (eventId == null) return;
    const others = new Set([
      ...otherBuildsSince(events ?? [], eventId, buildId),
      ...(await otherBuildsAtWork({ connection, namespace, buildId })),
    ]);
    if (others.size > 0)
      return say('topic is stuck and is not reset: another build works on topics, or did so', {
        workflow_id: workflowId,
        builds: [...others],
      });
    await connection.workflowService.resetWorkflowExecution({
      namespace,
      workflowExecution: { workflowId, runId },
      workflowTaskFinishEventId: eventId,
      reason: 'The order of its events cannot be replayed.',
      // Every worker that sees the topic sends the same id, so the server resets it once.
      requestId: `${runId}/${eventId.toString()}`,
    });
    log('topic was stuck and is reset', {
      workflow_id: workflowId,
      run_id: runId,
      to_event: eventId.toString(),
      resets: resets.add(workflowId),
    });
  };
  while (!signal.aborted) {
    try {
      for await (const stuck of client.workflow.list({ query: STUCK })) await free(stuck).catch(noted);
    } catch (error) {
      noted(error);
    }
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined); // Aborted: the loop ends.
  }
}

const UNNAMED = 'a build without a name';

/** The server lists workers that asked for tasks within the last five minutes. */
async function otherBuildsAtWork({
  connection,
  namespace,
  buildId,
}: Pick<Unsticking, 'connection' | 'namespace' | 'buildId'>): Promise<string[]> {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: CONTINUITY },
    taskQueueType: WORKFLOW,
  });
  return (pollers ?? [])
    .map((poller) => poller.workerVersionCapabilities?.buildId ?? UNNAMED)
    .filter((build) => build !== buildId);
}

/** The builds that completed workflow tasks from the event on, except our own. */
export function otherBuildsSince(
  events: readonly HistoryEvent[],
  eventId: NonNullable<HistoryEvent['eventId']>,
  buildId: string,
): string[] {
  const since = events.filter(
    (event) => event.workflowTaskCompletedEventAttributes && Number(event.eventId) >= Number(eventId),
  );
  return since
    .map((event) => event.workflowTaskCompletedEventAttributes?.workerVersion?.buildId ?? UNNAMED)
    .filter((build) => build !== buildId);
}

/**
 * The completion of the workflow task that wrote what cannot be replayed.
 *
 * The failure names the event at which the replay broke, or the answer that is missing: then it is
 * the completion with which that update was accepted. A release of the SDK with another text
 * leaves it open. Then it is the newest completion, and after each reset that did not help, the one
 * before.
 *
 * It is never an earlier one than needed. The server hands in all later messages at once, signals
 * before updates. A topic that is reset to before its first session would then open its session for
 * another prompt.
 */
export function resetPointOf(events: readonly HistoryEvent[], resetsBefore: number): HistoryEvent['eventId'] {
  const completions = events.filter((event) => event.workflowTaskCompletedEventAttributes);
  const failed = events.findLast((event) => event.workflowTaskFailedEventAttributes)?.workflowTaskFailedEventAttributes;
  const said = failed?.failure?.message ?? '';
  const unanswered = events.find((event) => {
    const update = event.workflowExecutionUpdateAcceptedEventAttributes?.protocolInstanceId;
    return update != null && said.includes(`absent message ID ${update}/`);
  });
  const at = /HistoryEvent\(id: (\d+)/.exec(said)?.[1] ?? unanswered?.eventId;
  return (
    at == null
      ? completions.at(-1 - resetsBefore)
      : completions.findLast((event) => Number(event.eventId) <= Number(at))
  )?.eventId;
}
