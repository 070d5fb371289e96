/**
 * More turns than a host works on at once: those that wait are seen to wait on their host, and
 * nothing else waits for them.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attemptAt } from '../support/worker-stage.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ worker: false });
});
afterAll(() => world?.dispose());

async function work(turnsPerHost: number): Promise<void> {
  await world.stopWorker();
  await world.startWorker({ config: { limits: { ...world.config.limits, turnsPerHost } } });
}

const stepOf = async (topic: string) => (await world.manager.progress(topic).catch(() => undefined))?.step;

test('a turn that waits for a slot is shown as queued on its host, can be cancelled, and works when another one has ended', async () => {
  await work(1);
  const go = join(world.dir, 'go');
  const first = world.manager.delegate('slot-1', `Work [[until: ${go}]]`);
  await expect.poll(() => stepOf('slot-1')).toBe('reading');
  const [second, third] = [
    world.manager.delegate('slot-2', 'Then this'),
    world.manager.delegate('slot-3', 'And not this'),
  ];
  for (const topic of ['slot-2', 'slot-3'])
    await expect.poll(() => stepOf(topic)).toMatch(/^waits for one of 1 turn slots/);
  expect(await world.manager.view('slot-2')).toMatchObject({ state: 'running' });
  await world.manager.cancel('slot-3');
  expect(await third).toMatchObject({ status: 'cancelled' });
  await writeFile(go, '');
  expect(await first).toMatchObject({ status: 'completed' });
  expect(await second).toMatchObject({ status: 'completed', attempts: 1 });
});

test(
  'a host with more than a hundred turns has taken all of them, and each is answered',
  { timeout: 300_000 },
  async () => {
    await work(8);
    const go = join(world.dir, 'go-all');
    const topics = Array.from({ length: 110 }, (_, i) => `many-${i}`);
    for (let i = 0; i < topics.length; i += 10) {
      await Promise.all(
        topics
          .slice(i, i + 10)
          .map((topic) => world.manager.submit(topic, `Work [[until: ${go}]]`, { prompt_id: topic })),
      );
    }
    const taken = async () =>
      (await Promise.all(topics.map((topic) => attemptAt(world.client, topic)))).filter((attempt) => attempt?.started);
    await expect.poll(async () => (await taken()).length, { timeout: 120_000, interval: 500 }).toBe(topics.length);
    await writeFile(go, '');
    for (const topic of topics) expect(await world.manager.wait(topic, topic)).toMatchObject({ status: 'completed' });
  },
);
