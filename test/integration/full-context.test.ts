/**
 * A session whose context is full, and one that was compacted. On a real Temporal server, with the
 * fake agent.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ worker: false });
  const { categories } = world.config;
  const deep = { description: 'Deep.', instructions: '', onFull: 'fail' as const };
  await world.startWorker({ config: { categories: { ...categories, deep } } });
});
afterAll(() => world?.dispose());

const aTopic = () => `topic ${randomUUID()}`;
const promptsIn = (session: string | null) => world.agent.promptsIn(session ?? '');

describe('a session that is full', () => {
  test('is replaced in the same turn, with a brief of what was done, and the result says so', async () => {
    const topic = aTopic();
    const first = await world.manager.delegate(topic, '[[full]] Add login endpoint');
    const second = await world.manager.delegate(topic, 'Fix: add rate limiting');
    expect(second).toMatchObject({
      status: 'completed',
      session: { kind: 'replaced', reason: 'full', replaces: first.session_id },
    });
    const [asked = ''] = promptsIn(second.session_id);
    expect(asked).toContain(
      `your earlier session ${first.session_id} of the topic "${topic}" no longer fits the model`,
    );
    expect(asked).toContain('- turn 1 (completed): [[full]] Add login endpoint');
    expect(asked.endsWith('The prompt:\n\nFix: add rate limiting')).toBe(true);
    expect(await world.manager.delegate(topic, 'Go on')).toMatchObject({
      ...{ status: 'completed', session_id: second.session_id },
      session: { kind: 'resumed' },
    });
    expect((await world.manager.view(topic)).sessions).toMatchObject([{ lost: 'full' }, { current: true }]);
  });

  test('stays where config says fail, where the prompt does, and where the prompt names it', async () => {
    const topic = aTopic();
    const { session_id } = await world.manager.delegate(topic, '[[full]] one', { category: 'deep' });
    const full = { status: 'failed', session_id, session: { kind: 'resumed' }, error: { code: 'CONTEXT_OVERFLOW' } };
    expect(await world.manager.delegate(topic, 'two')).toMatchObject(full);
    expect((await world.manager.view(topic)).sessions[0]).not.toHaveProperty('lost');
    const other = aTopic();
    const opened = await world.manager.delegate(other, '[[full]] one');
    const stays = { ...full, session_id: opened.session_id };
    expect(await world.manager.delegate(other, 'two', { on_lost: 'fail' })).toMatchObject(stays);
    expect(await world.manager.delegate(undefined, 'two', { session_id: opened.session_id })).toMatchObject(stays);
    expect(await world.manager.delegate(other, 'three')).toMatchObject({
      ...{ status: 'completed', session: { kind: 'replaced', reason: 'full' } },
    });
  });
});

describe('a session that was compacted', () => {
  test('is told the goals of its topic with the next prompt, once, and the result of its turn says it', async () => {
    const topic = aTopic();
    const { session_id } = await world.manager.delegate(topic, 'Add login endpoint');
    expect(await world.manager.delegate(topic, '[[compact]] Fix: add rate limiting')).toMatchObject({
      ...{ status: 'completed', session_id, compacted: 1 },
    });
    const next = await world.manager.delegate(topic, 'And a test', { prompt_id: 'after' });
    expect(next).toMatchObject({ status: 'completed', session_id, session: { kind: 'resumed' } });
    expect(next).not.toHaveProperty('compacted');
    const told = promptsIn(session_id).at(-1) ?? '';
    expect(told).toContain('- turn 1 (completed): Add login endpoint\n- turn 2 (completed): [[compact]] Fix: add rate');
    expect(told.endsWith('The prompt:\n\nAnd a test')).toBe(true);
    expect(await world.manager.delegate(topic, 'And a test', { prompt_id: 'after' })).toEqual(next);
    await world.manager.delegate(topic, 'And on');
    expect(promptsIn(session_id).at(-1)).toBe('And on');
    expect((await world.manager.view(topic)).sessions[0]).not.toHaveProperty('goals_due');
  });

  test('is told them again if the turn with them failed, and not with a prompt that names the session', async () => {
    const topic = aTopic();
    const { session_id } = await world.manager.delegate(topic, '[[compact]] one');
    await world.manager.delegate(undefined, 'by its id', { session_id });
    expect(promptsIn(session_id).at(-1)).toBe('by its id');
    await world.manager.delegate(topic, '[[fail: MODEL_FAILED]] two');
    await world.manager.delegate(topic, 'three');
    const [, , two, three] = promptsIn(session_id);
    expect(two).toMatch(/compacted[^]*- turn 1[^]*The prompt:\n\n\[\[fail/);
    expect(three).toMatch(/compacted[^]*- turn 3 \(failed\)[^]*The prompt:\n\nthree$/);
  });
});
