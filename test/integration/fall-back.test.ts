/**
 * A topic goes on with another model when its own cannot answer. On a real Temporal server, with the
 * fake agent.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as messages from '../../src/contract/messages.js';
import { topicsIn } from '../support/topics-that-wait.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ worker: false });
  const { agents, categories } = world.config;
  const deep = { description: 'Deep.', instructions: '', model: 'fake/a', fallbackModels: ['fake/a', 'fake/c'] };
  await world.startWorker({
    config: {
      agents: { ...agents, fake: { kind: 'opencode', model: 'fake/a', fallbackModels: ['fake/b'] } },
      categories: { ...categories, deep },
    },
  });
});
afterAll(() => world?.dispose());

const aTopic = () => `topic ${randomUUID()}`;
const { waitingOf, handleOf } = topicsIn(() => world);
const deep = { category: 'deep' };

test('a turn goes on with the next model in the same session, its result says so, and its prompt is put in once', async () => {
  const topic = aTopic();
  const first = await world.manager.delegate(topic, 'hello', { ...deep, model: 'fake/start' });
  const prompt = '[[gone: fake/start]] [[say: Done.]] go on';
  const result = await world.manager.delegate(topic, prompt);
  expect(result).toMatchObject({
    ...{ status: 'completed', reply: 'Done.', model: 'fake/a', fell_back_from: 'fake/start' },
    ...{ session_id: first.session_id, session: { kind: 'resumed' }, attempts: 1 },
  });
  expect(first.fell_back_from).toBeUndefined();
  expect(world.agent.promptsIn(first.session_id ?? '')).toEqual(['hello', prompt]);
  const { events = [] } = await handleOf(topic).fetchHistory();
  expect(
    events?.filter(({ activityTaskScheduledEventAttributes: one }) => one?.activityType?.name === 'runTurn'),
  ).toHaveLength(2);
});

test('a prompt that names its model gets that one or none', async () => {
  const topic = aTopic();
  await world.manager.delegate(topic, 'hello', deep);
  const result = await world.manager.delegate(topic, '[[gone: fake/mine]] go', { model: 'fake/mine' });
  expect(result).toMatchObject({ status: 'failed', error: { code: 'MODEL_UNKNOWN' } });
  expect(result.fell_back_from).toBeUndefined();
  expect(await world.manager.delegate(topic, 'And now?')).toMatchObject({ status: 'completed', model: 'fake/a' });
});

test('a turn waits only when no model is left', async () => {
  const topic = aTopic();
  const waits = world.manager.delegate(topic, '[[spent: fake/a]] [[gone: fake/b]] go');
  const waiting = await waitingOf(topic, 'quota');
  expect(Date.parse(waiting.until) - Date.now()).toBeGreaterThan(2 * 60 * 60 * 1000);
  await handleOf(topic).executeUpdate(messages.cancel, { args: [{}] });
  expect(await waits).toMatchObject({ status: 'cancelled' });
});
