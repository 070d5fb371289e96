/**
 * Ends the attempts that a dead worker has left running, so that the server gives them to this
 * worker at once. Otherwise the server waits for their missing heartbeats. The lock of the data
 * directory proves that the worker is dead.
 *
 * 1. Nothing is put in twice. An attempt that is ended here is repeated like any other, and looks
 *    at the session first.
 * 2. A turn that no caller waits for is stopped, because its topic was ended or its cancel was
 *    requested while no worker ran.
 * 3. Every failure is logged. The missing heartbeat then ends the attempt later.
 */
import { configDirectoryOf } from '../src/contract/workspace.js';
import {
  ActivityNotFoundError,
  Client,
  WorkflowNotFoundError,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import { dataConverter } from '../src/contract/client-options.js';
import type { Configured, Log } from '../src/activities/context.js';
import { sessionRefOf } from '../src/activities/session-ref.js';
import { isOpen } from '../src/client/is-running.js';
import { leftBehind, type RunningActivity } from './running-activities.js';

export interface PickUp {
  connection: NativeConnection;
  namespace: string;
  dataDir: string;
  configured: Configured;
  log: Log;
}

const CALLS_END_AFTER_MS = 10_000;
/**
 * An agent that does not stop within this time is left to the next prompt in its session, which
 * stops it first.
 */
const STOPS_WITHIN_MS = 30_000;
/** The server takes a delay of zero as its own default. */
const RETRY_AFTER = '1 millisecond';
/** temporal.api.enums.v1.PendingActivityState */
const CANCEL_REQUESTED = 3;

/** Called under the lock of the data directory, before this worker takes any task. Never throws. */
export async function pickUp({ connection, namespace, dataDir, configured, log }: PickUp): Promise<void> {
  const client = new Client({ connection, dataConverter, namespace });
  const failed = (error: unknown, activity?: RunningActivity) =>
    log('what the worker before has left could not be picked up', {
      workflow_id: activity?.workflowId,
      activity: activity?.activity,
      error: error instanceof Error ? error.message : String(error),
    });
  try {
    const left = await leftBehind(dataDir, log);
    await Promise.all(
      left.map(async ({ activity, done }) => {
        await pickUpOne(activity, { client, configured, log }).catch((error: unknown) => failed(error, activity));
        await done();
      }),
    );
  } catch (error) {
    failed(error);
  }
}

interface With {
  client: Client;
  configured: Configured;
  log: Log;
}

async function pickUpOne(activity: RunningActivity, { client, configured, log }: With): Promise<void> {
  const token = Buffer.from(activity.taskToken, 'base64');
  const facts = { workflow_id: activity.workflowId, activity: activity.activity };
  const soon = <T>(call: () => Promise<T>) => client.withDeadline(Date.now() + CALLS_END_AFTER_MS, call);
  const topic = await soon(() => described(client, activity.workflowId));
  if (!topic || !isOpen(topic)) {
    if (await stopAgent(activity, configured)) log('turn of a topic that has ended was stopped', facts);
    return;
  }
  try {
    if (isCancelled(activity, topic)) {
      await stopAgent(activity, configured);
      await soon(() => client.activity.reportCancellation(token));
      return log('cancelled activity of a worker that had died is stopped', facts);
    }
    await soon(() => client.activity.fail(token, workerDied()));
    log('activity of a worker that had died is picked up', facts);
  } catch (error) {
    // The attempt is over: the dead worker had completed it, or the server gave it up and repeats
    // it.
    if (!(error instanceof ActivityNotFoundError)) throw error;
  }
}

/**
 * The newest run of the topic. After a continue-as-new or a reset, the next run continues the turn.
 */
async function described(client: Client, workflowId: string): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await client.workflow.getHandle(workflowId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

function isCancelled(
  { runId, activityId }: RunningActivity,
  { runId: newest, raw }: WorkflowExecutionDescription,
): boolean {
  if (runId !== newest) return false;
  return (
    raw.pendingActivities?.some(
      (pending) => pending.activityId === activityId && Number(pending.state) === CANCEL_REQUESTED,
    ) ?? false
  );
}

/** @returns whether there was a session in which an agent could work */
async function stopAgent({ session }: RunningActivity, configured: Configured): Promise<boolean> {
  const agent =
    session && (await configured.lastIn(configDirectoryOf(session.pinned))).agents.get(session.pinned.agent);
  if (!agent) return false;
  await agent.cancel(sessionRefOf(session), AbortSignal.timeout(STOPS_WITHIN_MS));
  return true;
}

function workerDied(): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'WORKER_DIED',
    message: 'The worker died in this attempt.',
    nextRetryDelay: RETRY_AFTER,
  });
}
