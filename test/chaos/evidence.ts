/**
 * Asks everyone who knows: the clients' ledgers, Temporal's histories, the agent's own store, the
 * model.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client, WorkflowExecutionInfo, WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import pRetry from 'p-retry';
import type { RunTurnInput, RunTurnOutput } from '../../src/activities/types.js';
import { workflowIdOf, type TopicId } from '../../src/contract/ids.js';
import { view } from '../../src/contract/messages.js';
import { labelIn, type ChaosAgent } from './agents/agent.js';
import type { DeedDone } from './deeds.js';
import type { Evidence, Turn } from './judge.js';
import { Ledger } from './ledger.js';
import type { System } from './system.js';
import type { Spell } from './weather.js';

export async function gather(
  system: System,
  agent: ChaosAgent,
  topics: string[],
  clients: number,
  { deeds, spells }: { deeds: DeedDone[]; spells: Spell[] },
): Promise<Evidence> {
  const ledger = Array.from({ length: clients }, (_, n) =>
    new Ledger(join(system.dir, `ledger-${n}.jsonl`)).read(),
  ).flat();
  const client = system.client();
  try {
    const asked = system.model
      .requests()
      .filter(({ aside }) => !aside)
      .map(({ asks }) => asks.map(labelIn));
    const named = topics.filter((topic) => ledger.some((entry) => entry.topic === topic));
    const evidence: Evidence = {
      ledger,
      deeds,
      spells,
      effects: await effectsOf(system),
      history: new Map(),
      ends: new Map(),
      busy: [],
      asked,
      leavesEmptySessions: agent.leavesEmptySessions,
      mayNotStart: agent.mayNotStart ?? false,
      ...(await patiently(() => agent.stored(system.folders))),
    };
    for (const topic of named) {
      const runs = await patiently(() => runsOf(client, topic));
      evidence.history.set(
        topic,
        await patiently(() =>
          turnsOf(
            client,
            topic,
            runs.map(({ runId }) => runId),
          ),
        ),
      );
      evidence.ends.set(
        topic,
        runs.map(({ end }) => end),
      );
      // A run that was terminated shows for ever what it was at.
      if (runs.at(-1)?.end === 'RUNNING' && (await patiently(() => isBusy(client, topic)))) evidence.busy.push(topic);
    }
    return evidence;
  } finally {
    await client.connection.close();
  }
}

/** On a busy machine a server or a worker that was killed a thousand times takes its time. */
function patiently<T>(ask: () => Promise<T>): Promise<T> {
  return pRetry(ask, { retries: 8, minTimeout: 1000, maxTimeout: 10_000 });
}

async function isBusy(client: Client, topic: string): Promise<boolean> {
  const { state, queue } = await client.workflow.getHandle(workflowIdOf(topic as TopicId)).query(view);
  return state !== 'idle' || queue.length > 0;
}

/**
 * All runs of the topic, oldest first, each with its status, or RESET. A chain of runs ends where
 * an operator ended or reset one.
 */
async function runsOf(client: Client, topic: string): Promise<{ runId: string; end: string }[]> {
  const workflowId = workflowIdOf(topic as TopicId);
  const newest = (await client.workflow.getHandle(workflowId).describe()).runId;
  const found: WorkflowExecutionInfo[] = [];
  for await (const run of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) found.push(run);
  if (!found.some(({ runId }) => runId === newest)) throw new Error(`The newest run of ${topic} is not listed yet.`);
  const runs = found.sort((one, other) => one.startTime.getTime() - other.startTime.getTime());
  return Promise.all(
    runs.map(async ({ runId }) => {
      const handle = client.workflow.getHandle(workflowId, runId);
      const { status } = await handle.describe();
      return { runId, end: status.name === 'TERMINATED' && (await wasReset(handle)) ? 'RESET' : status.name };
    }),
  );
}

/**
 * A run may also be ended by the reset of an earlier run, if it continued that one as new a moment
 * before. Only the event with which it ended says so (Temporal 1.32.0).
 */
async function wasReset(handle: WorkflowHandle): Promise<boolean> {
  const last = (await handle.fetchHistory()).events?.at(-1);
  return last?.workflowExecutionTerminatedEventAttributes?.identity === 'history-resetter';
}

/** How often each prompt's tools ran: 1 where nothing was interrupted. */
export async function effectsOf(system: System): Promise<Map<string, number>> {
  const text = await readFile(join(system.dir, 'project', 'effects.txt'), 'utf8').catch(() => ''); // No tool ran.
  const effects = new Map<string, number>();
  for (const label of text.split('\n').filter(Boolean)) effects.set(label, (effects.get(label) ?? 0) + 1);
  return effects;
}

/**
 * Topics that could not be replayed, so that a worker reset them: nothing is lost by it, and none
 * would be better.
 */
export async function unstuckBy(system: System): Promise<number> {
  const log = await readFile(join(system.dir, 'worker.log'), 'utf8');
  return log.split('topic was stuck and is reset').length - 1;
}

async function turnsOf(client: Client, topic: string, runIds: string[]): Promise<Turn[]> {
  const turns = new Map<string, Turn & { waits: boolean }>();
  for (const runId of runIds) {
    const { events } = await client.workflow.getHandle(workflowIdOf(topic as TopicId), runId).fetchHistory();
    const scheduled = new Map<string, RunTurnInput>();
    for (const {
      eventId,
      eventTime,
      activityTaskScheduledEventAttributes: begun,
      activityTaskCompletedEventAttributes: ended,
    } of events ?? []) {
      const payload = begun?.activityType?.name === 'runTurn' ? begun.input?.payloads?.[0] : undefined;
      if (payload) scheduled.set(String(eventId), defaultPayloadConverter.fromPayload<RunTurnInput>(payload));
      const input = scheduled.get(String(ended?.scheduledEventId));
      const result = ended?.result?.payloads?.[0];
      // A run that was reset begins with a copy of the events of its base: the same ids and times.
      const event = `${String(eventId)} at ${String(eventTime?.seconds)}.${eventTime?.nanos}`;
      if (input && !turns.has(event))
        turns.set(event, {
          label: input.prompt_id,
          session: input.session_id,
          waits: result != null && defaultPayloadConverter.fromPayload<RunTurnOutput>(result).waits !== undefined,
        });
    }
  }
  const all = [...turns.values()];
  // A turn that waits is run again. A turn that could have waited, and is not, has ended.
  return all.flatMap(({ label, session, waits }, n) =>
    waits && all[n + 1]?.label === label ? [] : [{ label, session }],
  );
}
