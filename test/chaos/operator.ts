/**
 * A person with the Web UI open: cancels, terminates, resets and pauses what runs. Is not killed.
 */
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { workflowIdOf, type TopicId } from '../../src/contract/ids.js';
import { cancel } from '../../src/contract/messages.js';
import { DEEDS, deedsFor, type Deed, type DeedDone } from './deeds.js';
import type { Dice } from './plan.js';

const LEAST_WAIT_MS = 1000;
const MOST_WAIT_MS = 7000;
const MOST_PAUSE_MS = 3000;
const ANSWERS_WITHIN_MS = 5000;
const SERVER_IS_BACK_WITHIN_MS = 120_000;

interface Operating {
  client: Client;
  topics: string[];
  dice: Dice;
  /** Gets a line for each deed. */
  file: string;
}

/** Runs until the signal is aborted. @returns what it did, or tried to do */
export async function operate({ client, topics, dice, file }: Operating, signal: AbortSignal): Promise<DeedDone[]> {
  const done: DeedDone[] = [];
  while (await waited(LEAST_WAIT_MS + dice.upTo(MOST_WAIT_MS - LEAST_WAIT_MS), signal)) {
    const number = dice.upTo(topics.length - 1);
    const [topic, possible] = [topics[number] ?? '', deedsFor(number)];
    const [share, more] = [dice.upTo(1_000_000), dice.upTo(MOST_PAUSE_MS)];
    if (possible.length === 0) continue;
    const deed = chosen(possible, share);
    const entry: DeedDone = { at: Date.now(), topic, deed };
    done.push(entry);
    const problem = await perform(client, topic, deed, { share, more }).catch(String);
    appendFileSync(file, `${JSON.stringify({ ...entry, problem })}\n`);
  }
  return done;
}

/** @returns what stood in the way: nothing to do it to, or no server */
async function perform(
  client: Client,
  topic: string,
  deed: Deed,
  { share, more }: { share: number; more: number },
): Promise<string | undefined> {
  const handle = client.workflow.getHandle(workflowIdOf(topic as TopicId));
  if (deed === 'pause') return pause(client, topic, more);
  await client.withDeadline(Date.now() + ANSWERS_WITHIN_MS, async () => {
    if (deed === 'cancel') await handle.executeUpdate(cancel, { args: [{ reason: 'an operator' }] });
    else if (deed === 'request cancellation') await handle.cancel();
    else if (deed === 'terminate') await handle.terminate('an operator');
    else await reset(client, topic, deed, share);
  });
  return undefined;
}

async function reset(client: Client, topic: string, deed: Deed, share: number): Promise<void> {
  const workflowId = workflowIdOf(topic as TopicId);
  const { runId } = await client.workflow.getHandle(workflowId).describe();
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const completed = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
  const at = { 'reset to first': 0, 'reset to last': completed.length - 1 }[deed as string] ?? share % completed.length;
  const workflowTaskFinishEventId = completed[at]?.eventId;
  if (workflowTaskFinishEventId == null) throw new Error('No workflow task is completed.');
  await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId, runId },
    workflowTaskFinishEventId,
    reason: 'an operator',
    requestId: randomUUID(),
  });
}

/**
 * Of whatever activity runs. It is always unpaused: a topic with a paused turn never comes to rest.
 */
async function pause(client: Client, topic: string, forMs: number): Promise<string | undefined> {
  const { raw, runId, workflowId } = await client.workflow.getHandle(workflowIdOf(topic as TopicId)).describe();
  const id = raw.pendingActivities?.[0]?.activityId;
  if (id == null) return 'nothing runs';
  const activity = {
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    identity: 'an operator',
    id,
  };
  const problem = await client.workflowService
    .pauseActivity({ ...activity, reason: 'an operator' })
    .then(() => undefined, String);
  await sleep(forMs);
  for (const end = performance.now() + SERVER_IS_BACK_WITHIN_MS; performance.now() < end;) {
    try {
      await client.withDeadline(Date.now() + ANSWERS_WITHIN_MS, () => client.workflowService.unpauseActivity(activity));
      return problem;
    } catch (error) {
      const { code } = error as { code?: number };
      // It has ended, or its run has.
      if (code === NOT_FOUND || code === FAILED_PRECONDITION || code === INVALID_ARGUMENT) return problem;
      await sleep(500);
    }
  }
  throw new Error('The activity is still paused.');
}

/** From the gRPC specification. */
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const FAILED_PRECONDITION = 9;

function chosen(possible: readonly Deed[], share: number): Deed {
  const all = possible.flatMap((deed) => Array.from({ length: DEEDS[deed] }, () => deed));
  return all[share % all.length] ?? 'pause';
}

async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  await sleep(ms, undefined, { signal }).catch(() => undefined); // Aborted: it is over.
  return !signal.aborted;
}
