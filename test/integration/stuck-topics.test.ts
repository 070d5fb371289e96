/**
 * A topic that fails its workflow tasks is shown as such wherever a person looks, and never as a
 * worker that is missing.
 */
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkTopics } from '../../src/cli/doctor/topics.js';
import type { TopicSummary } from '../../src/client/list-topics.js';
import { CONTINUITY, promptSignal, topicSession } from '../../src/contract/messages.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ worker: false });
});
afterAll(() => world?.dispose());

const workflowsPath = (order: string) => fileURLToPath(new URL(`../support/reordered/${order}.ts`, import.meta.url));

async function listed(topic: string): Promise<TopicSummary | undefined> {
  for await (const each of world.manager.list()) if (each.topic === topic) return each;
  return undefined;
}

test('TOPIC_STUCK, with what Temporal reports, in list, view, doctor and delegate', { timeout: 120_000 }, async () => {
  const connection = await NativeConnection.connect({ address: world.address });
  try {
    const handle = await world.client.workflow.start(topicSession, {
      workflowId: 'topic/stuck',
      taskQueue: CONTINUITY,
    });
    await handle.signal(promptSignal, 'first');
    const before = await Worker.create({ connection, taskQueue: CONTINUITY, workflowsPath: workflowsPath('before') });
    await before.runUntil(() =>
      expect
        .poll(async () => (await handle.fetchHistory()).events?.some((event) => event.timerStartedEventAttributes))
        .toBe(true),
    );
    const manager = await world.connect({ noWorkerAfterMs: 5000 });
    const after = await Worker.create({ connection, taskQueue: CONTINUITY, workflowsPath: workflowsPath('after') });
    await handle.signal(promptSignal, 'second');
    const stuck = { code: 'TOPIC_STUCK', message: expect.stringContaining('NonDeterministic') as string };
    await after.runUntil(async () => {
      await expect.poll(async () => (await listed('stuck'))?.problem).toMatchObject(stuck);
      await expect(manager.view('stuck')).rejects.toMatchObject(stuck);
      expect((await checkTopics(world.client)).map(({ check, ok, problem }) => ({ check, ok, problem }))).toEqual([
        { check: 'topics', ok: false, problem: expect.objectContaining(stuck) as object },
      ]);
      await expect(manager.delegate('stuck', 'x')).rejects.toMatchObject({ ...stuck, topic: 'stuck' });
    });
  } finally {
    await connection.close();
  }
});
