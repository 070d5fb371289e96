/**
 * A topic whose history cannot be replayed is freed, and nothing that was accepted is lost by it.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CONTINUITY, promptSignal, topicSession } from '../../src/contract/messages.js';
import { unstickTopics } from '../../workers/unstick.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ worker: false });
});
afterAll(() => world?.dispose());

/** That of both orders: what they stand for happens within one build. */
const BUILD = 'the only build';

type Order = 'before' | 'after' | 'answers-late' | 'answers-at-once';

async function working<T>(connection: NativeConnection, order: Order, work: () => Promise<T>): Promise<T> {
  const workflowsPath = fileURLToPath(new URL(`../support/reordered/${order}.ts`, import.meta.url));
  const worker = await Worker.create({ connection, taskQueue: CONTINUITY, workflowsPath, buildId: BUILD });
  return worker.runUntil(work);
}

test('it is reset to before what cannot be replayed, and gets every prompt again', { timeout: 90_000 }, async () => {
  const connection = await NativeConnection.connect({ address: world.address });
  const over = new AbortController();
  const logs: string[] = [];
  try {
    const handle = await world.client.workflow.start(topicSession, {
      workflowId: 'topic/stuck',
      taskQueue: CONTINUITY,
    });
    await handle.signal(promptSignal, 'first');
    await working(connection, 'before', () =>
      expect
        .poll(async () => (await handle.fetchHistory()).events?.some((event) => event.timerStartedEventAttributes))
        .toBe(true),
    );
    await handle.signal(promptSignal, 'second');
    const unsticking = unstickTopics({
      connection,
      namespace: 'default',
      buildId: BUILD,
      log: (message) => logs.push(message),
      signal: over.signal,
      everyMs: 200,
    });
    const latest = () => world.client.workflow.getHandle('topic/stuck');
    await working(connection, 'after', () =>
      expect.poll(async () => (await latest().describe()).status.name, { timeout: 80_000 }).toBe('COMPLETED'),
    );
    expect(await latest().result()).toEqual(['first', 'second']);
    expect(logs).toEqual(['topic was stuck and is reset']);
    over.abort();
    await unsticking;
  } finally {
    over.abort();
    await connection.close();
  }
});

test('it is reset to before an update whose answer a replay drops, and the update is handled again', async () => {
  const connection = await NativeConnection.connect({ address: world.address });
  const over = new AbortController();
  const logs: string[] = [];
  const latest = () => world.client.workflow.getHandle('topic/unanswered');
  try {
    const handle = await world.client.workflow.start(topicSession, {
      workflowId: 'topic/unanswered',
      taskQueue: CONTINUITY,
    });
    await working(connection, 'answers-late', () =>
      handle.startUpdate('prompt', { args: [{ prompt: 'asked' }], waitForStage: 'ACCEPTED' }),
    );
    await handle.signal(promptSignal, 'to begin a task');
    const unsticking = unstickTopics({
      connection,
      namespace: 'default',
      buildId: BUILD,
      log: (message) => logs.push(message),
      signal: over.signal,
      everyMs: 200,
    });
    await working(connection, 'answers-at-once', () =>
      expect.poll(async () => (await latest().describe()).status.name, { timeout: 80_000 }).toBe('COMPLETED'),
    );
    expect(await latest().result()).toBe('asked');
    expect(logs).toEqual(['topic was stuck and is reset']);
    over.abort();
    await unsticking;
  } finally {
    over.abort();
    await connection.close();
  }
});

test('a server on which stuck topics cannot be found is named in the log once an hour', async () => {
  const connection = await NativeConnection.connect({ address: world.address });
  const over = new AbortController();
  const logs: string[] = [];
  let looks = 0;
  let passed = 0;
  const now = () => {
    looks += 1;
    return passed;
  };
  const unsticking = unstickTopics({
    connection,
    namespace: 'not there',
    buildId: BUILD,
    log: (message) => logs.push(message),
    signal: over.signal,
    everyMs: 10,
    now,
  });
  try {
    await expect.poll(() => looks).toBeGreaterThan(10);
    expect(logs).toEqual(['stuck topics could not be looked for or reset']);
    passed = 60 * 60 * 1000;
    await expect.poll(() => logs).toHaveLength(2);
  } finally {
    over.abort();
    await unsticking;
    await connection.close();
  }
});

test(
  'a caller that waits meanwhile gets the outcome from the run that follows, and the prompt is put in once',
  { timeout: 60_000 },
  async () => {
    await world.startWorker();
    const go = join(world.dir, 'go');
    const waiting = world.manager.delegate('reset', `Work [[until: ${go}]]`, { prompt_id: 'p1' });
    waiting.catch(() => undefined); // Looked at below.
    await expect
      .poll(async () => (await world.manager.progress('reset').catch(() => undefined))?.step, { timeout: 60_000 })
      .toBe('reading');
    const { events } = await world.client.workflow.getHandle('topic/reset').fetchHistory();
    await world.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: 'topic/reset' },
      workflowTaskFinishEventId: events?.find((event) => event.workflowTaskCompletedEventAttributes)?.eventId ?? null,
      reason: 'As if it were stuck.',
      requestId: 'once',
    });
    await writeFile(go, '');
    expect(await waiting).toMatchObject({
      status: 'completed',
      prompt_id: 'p1',
      reply: expect.stringContaining('prompt 1 here') as string,
    });
  },
);

test(
  'promise 2: prompts without an id, by signal and by update, are put in once although the topic is reset to before them',
  { timeout: 60_000 },
  async () => {
    const topic = 'unnamed';
    const handle = world.client.workflow.getHandle(`topic/${topic}`);
    const { session_id } = await world.manager.delegate(topic, 'one', { prompt_id: 'one' });
    const go = join(world.dir, 'go-unnamed');
    await handle.signal(promptSignal, { prompt: ' ' }); // Refused, and counted all the same.
    await handle.signal(promptSignal, `two [[until: ${go}]]`);
    await handle.executeUpdate('prompt', { args: [{ prompt: 'three', wait: false }] });
    await expect
      .poll(async () => (await world.manager.progress(topic).catch(() => undefined))?.step, { timeout: 60_000 })
      .toBe('reading');
    const events = (await handle.fetchHistory()).events ?? [];
    const before = events.slice(
      0,
      events.findIndex((event) => event.workflowExecutionSignaledEventAttributes),
    );
    await world.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: `topic/${topic}` },
      workflowTaskFinishEventId:
        before.findLast((event) => event.workflowTaskCompletedEventAttributes)?.eventId ?? null,
      reason: 'As if it were stuck.',
      requestId: 'unnamed',
    });
    await writeFile(go, '');
    await expect.poll(async () => (await world.manager.view(topic)).turns, { timeout: 60_000 }).toBe(3);
    await expect.poll(async () => (await world.manager.view(topic)).state, { timeout: 60_000 }).toBe('idle');
    expect(world.agent.promptsIn(`${session_id}`)).toEqual(['one', `two [[until: ${go}]]`, 'three']);
    expect((await world.manager.view(topic)).sessions).toHaveLength(1);
  },
);

test('a caller of a topic that is terminated from outside is told so', { timeout: 60_000 }, async () => {
  const waiting = world.manager.delegate('terminated', `Work [[until: ${join(world.dir, 'never')}]]`);
  waiting.catch(() => undefined); // Looked at below.
  await expect
    .poll(async () => (await world.manager.progress('terminated').catch(() => undefined))?.step, { timeout: 60_000 })
    .toBe('reading');
  await world.client.workflow.getHandle('topic/terminated').terminate('A person in the Web UI.');
  await expect(waiting).rejects.toMatchObject({
    code: 'OUTCOME_UNKNOWN',
    message: expect.stringContaining('ended from outside (TERMINATED)') as string,
  });
});
