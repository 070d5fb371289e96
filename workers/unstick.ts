/**
 * Frees topics whose history cannot be replayed, by resetting them to just before the workflow task that cannot.
 *
 * The SDK's core (sdk-core of 1.24.0) can write such a history: a query that reaches a fresh worker while a workflow task is scheduled and
 * not started applies the events that wait for that task, and an update that comes with the task is then recorded behind commands which a
 * replay puts after it. It takes a killed worker, a caller that asks for its outcome, and another prompt within ten seconds; the chaos run
 * meets it every few minutes. Without help the topic would fail its workflow task for ever.
 *
 * A reset loses nothing: signals and updates are applied again by the server, and a turn that runs again is harvested from its session.
 * That holds only for the code that did it before. Another build may name prompts and sessions otherwise, and would put prompts in twice.
 * So nothing is reset for a difference of versions: only what our own build wrote, and only while no other build takes tasks of topics.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type WorkflowExecutionInfo, type WorkflowHandle } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { CONTINUITY, topicSession } from '../src/contract/messages.js';
import type { Log } from '../src/activities/index.js';
import { LastHour } from './last-hour.js';

type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

export interface Unsticking {
  connection: NativeConnection;
  namespace: string;
  /** Of this worker (`buildIdOf`). */
  buildId: string;
  log: Log;
  signal: AbortSignal;
  /** Between two looks, ms. */
  everyMs?: number;
  /** The clock, ms. */
  now?: () => number;
}

/** The server names its cause once a workflow task has failed some times in a row (since 1.29). */
const STUCK = `WorkflowType = '${topicSession}' AND ExecutionStatus = 'Running' AND TemporalReportedProblems IN ('cause=WorkflowTaskFailedCauseNonDeterministicError')`;
/** What fails again and again after that is no accident of the order of events: a person has to look. */
const RESETS_AN_HOUR = 3;
/** temporal.api.enums.v1.TaskQueueType */
const WORKFLOW = 1;

/** Runs until it is aborted. Whatever goes wrong is logged, the same thing once an hour, and tried again at the next look. */
export async function unstickTopics({ connection, namespace, buildId, log, signal, everyMs = 5000, now }: Unsticking): Promise<void> {
  const client = new Client({ connection, namespace });
  const resets = new LastHour(now);
  const said = new LastHour(now);
  const say = (message: string, facts: object) => {
    if (said.add(JSON.stringify([message, facts])) === 1) log(message, facts);
  };
  const noted = (error: unknown) => say('stuck topics could not be looked for or reset', { error: error instanceof Error ? error.message : String(error) });
  const free = async ({ workflowId, runId }: Pick<WorkflowExecutionInfo, 'workflowId' | 'runId'>) => {
    const before = resets.count(workflowId);
    if (before >= RESETS_AN_HOUR) return say('topic is stuck and was reset too often', { workflow_id: workflowId, resets_in_an_hour: before });
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const eventId = resetPointOf(events ?? [], before);
    if (eventId == null) return;
    const others = new Set([...otherBuildsSince(events ?? [], eventId, buildId), ...(await otherBuildsAtWork())]);
    if (others.size > 0) return say('topic is stuck and is not reset: another build works on topics, or did so', { workflow_id: workflowId, builds: [...others] });
    await connection.workflowService.resetWorkflowExecution({
      namespace,
      workflowExecution: { workflowId, runId },
      workflowTaskFinishEventId: eventId,
      reason: 'The order of its events cannot be replayed.',
      // The same from every worker that sees it: the server does it once.
      requestId: `${runId}/${eventId.toString()}`,
    });
    log('topic was stuck and is reset', { workflow_id: workflowId, run_id: runId, to_event: eventId.toString(), resets: resets.add(workflowId) });
  };
  /** The server lists who asked for tasks within the last five minutes. */
  const otherBuildsAtWork = async () => {
    const { pollers } = await connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: CONTINUITY }, taskQueueType: WORKFLOW });
    return (pollers ?? []).map((poller) => poller.workerVersionCapabilities?.buildId ?? UNNAMED).filter((build) => build !== buildId);
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

/** Those that completed workflow tasks from the event on, without our own. */
export function otherBuildsSince(events: readonly HistoryEvent[], eventId: NonNullable<HistoryEvent['eventId']>, buildId: string): string[] {
  const since = events.filter((event) => event.workflowTaskCompletedEventAttributes && Number(event.eventId) >= Number(eventId));
  return since.map((event) => event.workflowTaskCompletedEventAttributes?.workerVersion?.buildId ?? UNNAMED).filter((build) => build !== buildId);
}

/**
 * The completion of the workflow task that wrote what cannot be replayed. The failure names the event at which the replay broke; a release of the SDK that
 * words it otherwise leaves it open: then it is the newest completion, and each time that did not help the one before. Never more than needed: what came since is
 * handed in again all at once, signals before updates, and before its first session a topic would open another one for another prompt.
 */
export function resetPointOf(events: readonly HistoryEvent[], resetsBefore: number): HistoryEvent['eventId'] {
  const completions = events.filter((event) => event.workflowTaskCompletedEventAttributes);
  const failed = events.findLast((event) => event.workflowTaskFailedEventAttributes)?.workflowTaskFailedEventAttributes;
  const at = /HistoryEvent\(id: (\d+)/.exec(failed?.failure?.message ?? '')?.[1];
  return (at === undefined ? completions.at(-1 - resetsBefore) : completions.findLast((event) => Number(event.eventId) <= Number(at)))?.eventId;
}
