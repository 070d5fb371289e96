/** Asks everyone who knows: the clients' ledgers, Temporal's histories, the agent's own store, the model. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createOpencodeClient } from '@opencode-ai/sdk/v2/client';
import { Client, Connection } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { RunTurnInput } from '../../src/activities/types.js';
import { workflowIdOf, type TopicId } from '../../src/contract/ids.js';
import { view } from '../../src/contract/messages.js';
import type { Evidence } from './judge.js';
import { Ledger } from './ledger.js';
import { LABEL } from './plan.js';
import type { System } from './system.js';

export async function gather(system: System, topics: string[], clients: number): Promise<Evidence> {
  const ledger = Array.from({ length: clients }, (_, n) => new Ledger(join(system.dir, `ledger-${n}.jsonl`)).read()).flat();
  const connection = await Connection.connect({ address: system.address });
  const client = new Client({ connection });
  try {
    const history: Evidence['history'] = new Map();
    const busy: string[] = [];
    for (const topic of topics.filter((topic) => ledger.some((entry) => entry.topic === topic))) {
      history.set(topic, await turnsOf(client, topic));
      const { state, queue } = await client.workflow.getHandle(workflowIdOf(topic as TopicId)).query(view);
      if (state !== 'idle' || queue.length > 0) busy.push(topic);
    }
    const asked = system.model.requests().filter(({ aside }) => !aside).map(({ asks }) => asks.map(labelIn));
    return { ledger, history, busy, asked, store: await storeOf(system) };
  } finally {
    await connection.close();
  }
}

/** How often each prompt's tools ran: 1 where nothing was interrupted. */
export async function effectsOf(system: System): Promise<Map<string, number>> {
  const text = await readFile(join(system.dir, 'project', 'effects.txt'), 'utf8').catch(() => ''); // No tool ran.
  const effects = new Map<string, number>();
  for (const label of text.split('\n').filter(Boolean)) effects.set(label, (effects.get(label) ?? 0) + 1);
  return effects;
}

async function turnsOf(client: Client, topic: string): Promise<{ label: string; session: string }[]> {
  const turns: { label: string; session: string }[] = [];
  for (let runId: string | null | undefined; ; ) {
    const { events } = await client.workflow.getHandle(workflowIdOf(topic as TopicId), runId ?? undefined).fetchHistory();
    const scheduled = new Map<string, RunTurnInput>();
    const ofRun: typeof turns = [];
    for (const { eventId, activityTaskScheduledEventAttributes: begun, activityTaskCompletedEventAttributes: ended } of events ?? []) {
      const payload = begun?.activityType?.name === 'runTurn' ? begun.input?.payloads?.[0] : undefined;
      if (payload) scheduled.set(String(eventId), defaultPayloadConverter.fromPayload<RunTurnInput>(payload));
      const input = scheduled.get(String(ended?.scheduledEventId));
      if (input) ofRun.push({ label: input.prompt_id, session: input.session_id });
    }
    turns.unshift(...ofRun);
    runId = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
    if (!runId) return turns;
  }
}

async function storeOf(system: System): Promise<Evidence['store']> {
  const server = await system.server();
  if (!server) throw new Error('The agent was never started.');
  const Authorization = `Basic ${Buffer.from(`opencode:${server.password}`).toString('base64')}`;
  const agent = createOpencodeClient({ baseUrl: `http://127.0.0.1:${server.port}`, headers: { Authorization } });
  const directory = join(system.dir, 'project');
  const sessions = await agent.session.list({ directory, limit: 10_000 }, { throwOnError: true });
  const store: Evidence['store'] = new Map();
  for (const { id } of sessions.data) {
    const messages = await agent.session.messages({ sessionID: id }, { throwOnError: true });
    const users = messages.data.filter(({ info }) => info.role === 'user');
    store.set(id, users.map(({ parts }) => {
      const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
      return { label: labelIn(texts.join('\n')), texts: texts.length };
    }));
  }
  return store;
}

function labelIn(text: string): string {
  return LABEL.exec(text)?.[0] ?? text;
}
