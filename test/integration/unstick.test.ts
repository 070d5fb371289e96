/** A topic whose history cannot be replayed is freed, and nothing that was accepted is lost by it. */
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

async function working<T>(connection: NativeConnection, order: 'before' | 'after', work: () => Promise<T>): Promise<T> {
  const workflowsPath = fileURLToPath(new URL(`../support/reordered/${order}.ts`, import.meta.url));
  const worker = await Worker.create({ connection, taskQueue: CONTINUITY, workflowsPath });
  return worker.runUntil(work);
}

test('it is reset to before what cannot be replayed, and gets every prompt again', { timeout: 90_000 }, async () => {
  const connection = await NativeConnection.connect({ address: world.address });
  const over = new AbortController();
  const logs: string[] = [];
  try {
    const handle = await world.client.workflow.start(topicSession, { workflowId: 'topic/stuck', taskQueue: CONTINUITY });
    await handle.signal(promptSignal, 'first');
    await working(connection, 'before', () => expect.poll(async () => (await handle.fetchHistory()).events?.some((event) => event.timerStartedEventAttributes)).toBe(true));
    await handle.signal(promptSignal, 'second');
    const unsticking = unstickTopics({ connection, namespace: 'default', log: (message) => logs.push(message), signal: over.signal, everyMs: 200 });
    const latest = () => world.client.workflow.getHandle('topic/stuck');
    await working(connection, 'after', () => expect.poll(async () => (await latest().describe()).status.name, { timeout: 80_000 }).toBe('COMPLETED'));
    expect(await latest().result()).toEqual(['first', 'second']);
    expect(logs).toEqual(['topic was stuck and is reset']);
    over.abort();
    await unsticking;
  } finally {
    over.abort();
    await connection.close();
  }
});
