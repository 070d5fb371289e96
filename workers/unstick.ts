/**
 * Frees topics whose history cannot be replayed, by resetting them to just before the workflow task that cannot.
 *
 * The SDK's core (sdk-core of 1.24.0) can write such a history: a query that reaches a fresh worker while a workflow task is scheduled and
 * not started applies the events that wait for that task, and an update that comes with the task is then recorded behind commands which a
 * replay puts after it. It takes a killed worker, a caller that asks for its outcome, and another prompt within ten seconds; the chaos run
 * meets it every few minutes. Without help the topic would fail its workflow task for ever.
 *
 * A reset loses nothing: signals and updates are applied again by the server, and a turn that runs again is harvested from its session.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type WorkflowExecutionInfo, type WorkflowHandle } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { topicSession } from '../src/contract/messages.js';
import type { Log } from '../src/activities/index.js';

type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

export interface Unsticking {
  connection: NativeConnection;
  namespace: string;
  log: Log;
  signal: AbortSignal;
  /** Between two looks, ms. */
  everyMs?: number;
}

/** The server names its cause once a workflow task has failed some times in a row (since 1.29). */
const STUCK = `WorkflowType = '${topicSession}' AND ExecutionStatus = 'Running' AND TemporalReportedProblems IN ('cause=WorkflowTaskFailedCauseNonDeterministicError')`;
/** What fails again and again after that is no accident of the order of events: a person has to look. */
const MAX_RESETS = 3;

/** Runs until it is aborted. Whatever goes wrong is logged and tried again at the next look. */
export async function unstickTopics({ connection, namespace, log, signal, everyMs = 5000 }: Unsticking): Promise<void> {
  const client = new Client({ connection, namespace });
  const resets = new Map<string, number>();
  const noted = (error: unknown) => log('stuck topics could not be looked for or reset', { error: error instanceof Error ? error.message : String(error) });
  const free = async ({ workflowId, runId }: Pick<WorkflowExecutionInfo, 'workflowId' | 'runId'>) => {
    const before = resets.get(workflowId) ?? 0;
    if (before >= MAX_RESETS) return;
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const eventId = resetPointOf(events ?? [], before);
    if (eventId == null) return;
    await connection.workflowService.resetWorkflowExecution({
      namespace,
      workflowExecution: { workflowId, runId },
      workflowTaskFinishEventId: eventId,
      reason: 'The order of its events cannot be replayed.',
      // The same from every worker that sees it: the server does it once.
      requestId: `${runId}/${eventId.toString()}`,
    });
    resets.set(workflowId, before + 1);
    log('topic was stuck and is reset', { workflow_id: workflowId, run_id: runId, to_event: eventId.toString(), resets: before + 1 });
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
