/**
 * A topic continues as new while it waits: the next run knows what the turn waits for, how it came to
 * that, what is queued behind it, and all of the outcomes before it.
 */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as messages from '../../src/contract/messages.js';
import type { TopicState } from '../../src/contract/state.js';
import { topicsIn } from '../support/topics-that-wait.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ worker: false });
  const fake = { kind: 'opencode' as const, model: 'fake/a', fallbackModels: ['fake/b'] };
  await world.startWorker({ config: { agents: { ...world.config.agents, fake } } });
});
afterAll(() => world?.dispose());

const { handleOf, viewOf, waitingOf, askOf, answer } = topicsIn(() => world);
const runOf = async (topic: string) => (await handleOf(topic).describe()).runId;
const stateOf = (topic: string): Promise<TopicState> => handleOf(topic).query(messages.state);

/** More than 5 MiB of answers that nothing asked for: a run goes on as another one in mid-turn only beyond that. */
async function rolled(topic: string): Promise<void> {
  const before = await runOf(topic);
  const noise = { decision: 'allow', ask_id: 'y'.repeat(40_000) } as const;
  const more = () =>
    Promise.all(Array.from({ length: 20 }, () => handleOf(topic).signal(messages.answerSignal, noise)));
  await expect.poll(() => more().then(() => runOf(topic))).not.toBe(before);
  await expect.poll(() => viewOf(topic).catch(() => undefined)).toBeTruthy();
}

/** Without what the noise changes. */
const apartFromNoise = ({ refused: _, refused_total: _total, ...state }: TopicState) => state;

/** Outcomes with everything that an outcome can have, and a session that was replaced because it was full. */
async function begun(topic: string) {
  await world.manager.delegate(topic, '[[full]] hello');
  await world.manager.delegate(topic, '[[parts: 5000]] [[say: Done.]] [[compact]] replaced');
  const [first, second] = (await viewOf(topic)).outcomes;
  expect(second).toMatchObject({ session: { kind: 'replaced', reason: 'full' }, compacted: 1 });
  expect(second?.reply_parts).toHaveLength(2);
  return [first, second];
}

test('an ask, with what was answered before it, the model that fell back, the goals that are due, and the queue', async () => {
  const topic = randomUUID();
  const outcomes = await begun(topic);
  await world.manager.submit(topic, '[[spent: fake/a]] [[ask: bash | a]] [[ask: bash | b]] go', { prompt_id: 'work' });
  await world.manager.submit(topic, 'queued', { prompt_id: 'queued' });
  await askOf(topic, ({ text }) => text === 'a');
  await answer(topic, 'allow');
  const ask = await askOf(topic, ({ text }) => text === 'b');
  const before = await stateOf(topic);
  expect(before.running).toMatchObject({ instead: 'fake/b', answered: [{ by: 'person' }], waiting: { ask } });
  expect(before.sessions.at(-1)).toMatchObject({ goals_due: true });
  await rolled(topic);
  expect(apartFromNoise(await stateOf(topic))).toEqual(apartFromNoise(before));
  expect((await viewOf(topic)).outcomes).toEqual(outcomes);
  expect(await answer(topic, 'deny')).toEqual({ ask_id: ask.ask_id, decision: 'deny' });
  expect(await world.manager.wait(topic, 'work')).toMatchObject({
    ...{ status: 'completed', reply: 'The answers: allow; deny', fell_back_from: 'fake/a' },
    asks: [{ decision: 'allow' }, { decision: 'deny' }],
  });
  const { session_id } = await world.manager.wait(topic, 'queued');
  const last = (text: string) => text.split('The prompt:\n\n').at(-1);
  expect(world.agent.promptsIn(`${session_id}`).map(last)).toEqual([
    '[[parts: 5000]] [[say: Done.]] [[compact]] replaced',
    '[[spent: fake/a]] [[ask: bash | a]] [[ask: bash | b]] go',
    'queued',
  ]);
});

test('a queue that is parked for a login, with its tries, and the patience of what is behind', async () => {
  const topic = randomUUID();
  const [gate, login] = [join(world.dir, randomUUID()), join(world.dir, randomUUID())];
  await world.manager.submit(topic, `[[until: ${gate}]] [[login: ${login}]] one`, { prompt_id: 'one' });
  for (const id of ['two', 'three', 'four'])
    await world.manager.submit(topic, `[[login: ${login}]] ${id}`, { prompt_id: id });
  await writeFile(gate, '');
  const first = await waitingOf(topic, 'agent');
  await world.manager.retry(topic);
  await expect.poll(async () => (await waitingOf(topic, 'agent')).since).not.toBe(first.since);
  const before = await stateOf(topic);
  expect(before.running).toMatchObject({ tries: 2, goes_on: true, prompt: { patient: true } });
  expect(before.queue.map(({ patient }) => patient)).toEqual([true, true, true]);
  await rolled(topic);
  expect(apartFromNoise(await stateOf(topic))).toEqual(apartFromNoise(before));
  expect(await world.manager.cancel(topic, 'three')).toMatchObject({ effect: 'removed' });
  await writeFile(login, '');
  expect(await world.manager.retry(topic)).toEqual({ effect: 'retrying' });
  const outcomes = await Promise.all(['one', 'two', 'three', 'four'].map((id) => world.manager.wait(topic, id)));
  expect(outcomes.map(({ status, error }) => error?.code ?? status)).toEqual([
    'AGENT_AUTH',
    'completed',
    'CANCELLED',
    'completed',
  ]);
  const prompts = world.agent.promptsIn(`${outcomes[0]?.session_id}`);
  expect(prompts.map((text) => text.split(' ').at(-1))).toEqual(['one', 'two', 'four']);
});

test('a turn that waits for a limit goes on when that ends, and its prompt is put in once', async () => {
  const topic = randomUUID();
  await world.manager.submit(topic, '[[quota: 25]] go', { prompt_id: 'work', model: 'fake/a' });
  const waiting = await waitingOf(topic, 'quota');
  await rolled(topic);
  expect(await waitingOf(topic, 'quota')).toEqual(waiting);
  const { status, session_id } = await world.manager.wait(topic, 'work');
  expect([status, world.agent.promptsIn(`${session_id}`)]).toEqual(['completed', ['[[quota: 25]] go']]);
});
