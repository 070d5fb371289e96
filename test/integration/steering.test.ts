/** Prompts that do not wait their turn, and what stops one: each outcome says by whom and why. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.dispose());

/** A topic with a turn that runs until the gate is opened, and one prompt behind it. */
async function busyTopic() {
  const topic = randomUUID();
  const gate = join(world.dir, randomUUID());
  await world.manager.submit(topic, `[[until: ${gate}]] first`, { prompt_id: 'first' });
  await world.manager.submit(topic, 'queued', { prompt_id: 'queued' });
  await expect.poll(async () => (await world.manager.progress(topic))?.step).toBe('reading');
  const turnsOf = async (...ids: string[]) =>
    Promise.all(ids.map(async (id) => [id, (await world.manager.wait(topic, id)).turn]));
  return { topic, open: () => writeFile(gate, ''), turnsOf };
}

test('"next" goes before what is queued, in the order of acceptance among its like', async () => {
  const { topic, open, turnsOf } = await busyTopic();
  await world.manager.submit(topic, 'one', { prompt_id: 'next-1', when: 'next' });
  await world.manager.submit(topic, 'two', { prompt_id: 'next-2', when: 'next' });
  expect((await world.manager.view(topic)).queue.map(({ prompt_id }) => prompt_id)).toEqual([
    'next-1',
    'next-2',
    'queued',
  ]);
  await open();
  expect(await turnsOf('first', 'next-1', 'next-2', 'queued')).toEqual([
    ['first', 1],
    ['next-1', 2],
    ['next-2', 3],
    ['queued', 4],
  ]);
});

test('"interrupt" stops the running turn, which says by whom, and goes on in its session; the same id again interrupts nothing', async () => {
  const { topic, turnsOf } = await busyTopic();
  const urgent = await world.manager.delegate(topic, 'stop that', { prompt_id: 'urgent', when: 'interrupt' });
  const first = await world.manager.wait(topic, 'first');
  expect(first).toMatchObject({
    status: 'cancelled',
    interrupted_by: 'urgent',
    error: { code: 'CANCELLED', message: 'The turn was interrupted by prompt urgent: stop that' },
  });
  expect(urgent).toMatchObject({
    status: 'completed',
    turn: 2,
    session_id: first.session_id,
    session: { kind: 'resumed' },
  });
  expect(await turnsOf('queued')).toEqual([['queued', 3]]);
  const gate = join(world.dir, randomUUID());
  await world.manager.submit(topic, `[[until: ${gate}]] last`, { prompt_id: 'last' });
  await expect.poll(async () => (await world.manager.outcome(topic, 'last')).state).toBe('running');
  expect(await world.manager.delegate(topic, 'stop that', { prompt_id: 'urgent', when: 'interrupt' })).toMatchObject({
    turn: 2,
  });
  await writeFile(gate, '');
  expect(await world.manager.wait(topic, 'last')).toMatchObject({ status: 'completed' });
});

test('a cancel with a reason leaves it in the outcome, of a turn and of a queued prompt', async () => {
  const { topic } = await busyTopic();
  expect(await world.manager.cancel(topic, 'queued', { reason: 'not needed' })).toMatchObject({ effect: 'removed' });
  expect(await world.manager.cancel(topic, undefined, { reason: 'wrong branch' })).toMatchObject({
    effect: 'stopping',
  });
  expect((await world.manager.wait(topic, 'queued')).error?.message).toBe(
    'The prompt was cancelled before its turn started: not needed',
  );
  expect((await world.manager.wait(topic, 'first')).error?.message).toBe('The turn was cancelled: wrong branch');
  await expect(world.manager.cancel(topic, undefined, { reason: ' ' })).rejects.toMatchObject({
    code: 'INVALID_PROMPT',
  });
});

test('close drains; close now stops what runs, cancels what is queued, and every caller is told', async () => {
  const { topic } = await busyTopic();
  const waiting = world.manager.wait(topic, 'queued');
  expect(await world.manager.close(topic)).toEqual({ remaining: 2 });
  expect(await world.manager.close(topic, { now: true })).toEqual({ remaining: 1 });
  expect(await waiting).toMatchObject({
    status: 'cancelled',
    error: { message: 'The prompt was cancelled before its turn started: the topic was closed' },
  });
  await expect
    .poll(async () => (await world.client.workflow.getHandle(`topic/${topic}`).describe()).status.name)
    .toBe('COMPLETED');
  expect((await world.manager.view(topic)).outcomes.map(({ prompt_id, status }) => [prompt_id, status])).toEqual([
    ['queued', 'cancelled'],
    ['first', 'cancelled'],
  ]);
});
