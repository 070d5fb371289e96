/** A session that a person began in the agent's own interface becomes a topic's. */
import { createHash, randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdir, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWorld, type World } from '../support/world.js';

let world: World;
let dir: string;
beforeAll(async () => {
  world = await startWorld();
  dir = await realpath(world.dir);
});
afterAll(() => world?.dispose());

const aTopic = () => `topic ${randomUUID()}`;

/** Of the note that a topic takes the session over. */
const nameOf = (session: string) => createHash('sha256').update(session).digest('hex').slice(0, 32);

async function begun(name: string = randomUUID()) {
  const cwd = join(dir, name);
  await mkdir(cwd, { recursive: true });
  return { cwd, session_id: world.agent.begin(cwd, `Add a login endpoint ${randomUUID()}`) };
}

describe('a session that a person began', () => {
  test('is taken over with its directory, model and agent, and the topic goes on in it', async () => {
    const { cwd, session_id } = await begun();
    const topic = aTopic();
    const first = await world.manager.delegate(topic, 'Now add tests', { session_id, adopt: true });
    expect(first).toMatchObject({
      status: 'completed',
      session_id,
      session: { kind: 'resumed', reason: 'adopted' },
      agent: 'fake',
      model: 'their/model',
      turn: 1,
    });
    expect(world.agent.promptsIn(session_id)).toEqual([
      expect.stringContaining('Add a login endpoint'),
      'Now add tests',
    ]);
    const there = await world.connect({ cwd });
    expect(await there.delegate(topic, 'And docs')).toMatchObject({
      session_id,
      session: { kind: 'resumed' },
    });
    const { sessions, project } = await world.manager.view(topic);
    expect(project).toBe(cwd);
    expect(sessions).toMatchObject([
      { session_id, current: true, turns: 2, pinned: { cwd, agent: 'fake', host: 'host-1' } },
    ]);
  });

  test('is put in once, however often its caller asks', async () => {
    const { session_id } = await begun();
    const topic = aTopic();
    const options = { session_id, adopt: true, prompt_id: randomUUID() };
    const both = await Promise.all([
      world.manager.delegate(topic, 'Now add tests', options),
      world.manager.delegate(topic, 'Now add tests', options),
    ]);
    const again = await world.manager.delegate(topic, 'Now add tests', options);
    for (const result of both) expect(result).toMatchObject({ session_id, turn: 1 });
    expect(again).toMatchObject({ session_id, turn: 1 });
    expect(world.agent.promptsIn(session_id).slice(1)).toEqual(['Now add tests']);
  });

  test('is refused without the word for it, and with another topic that has it', async () => {
    const { session_id } = await begun();
    await expect(world.manager.delegate(aTopic(), 'x', { session_id })).rejects.toMatchObject({
      code: 'SESSION_UNKNOWN',
      fix: expect.stringContaining('--adopt') as string,
    });
    const [one, other] = [aTopic(), aTopic()];
    const [first, second] = await Promise.allSettled([
      world.manager.delegate(one, 'x', { session_id, adopt: true }),
      world.manager.delegate(other, 'y', { session_id, adopt: true }),
    ]);
    const results = [first, second].map((each) => (each.status === 'fulfilled' ? each.value : undefined));
    const [winner] = results.filter((result) => result?.status === 'completed');
    const [loser] = results.filter((result) => result?.status !== 'completed');
    expect(winner).toMatchObject({ session_id, session: { reason: 'adopted' } });
    expect(loser).toMatchObject({
      status: 'failed',
      session: { kind: 'resumed' },
      error: { code: 'SESSION_PINNED', message: expect.stringContaining(winner?.topic ?? 'no topic') as string },
    });
    expect(world.agent.promptsIn(session_id)).toHaveLength(2);
    await expect(world.manager.delegate(aTopic(), 'z', { session_id, adopt: true })).rejects.toMatchObject({
      code: 'SESSION_PINNED',
      topic: winner?.topic,
    });
  });

  test('of another project than that of the topic is refused, and the topic keeps its own', async () => {
    const topic = aTopic();
    const own = await world.manager.delegate(topic, 'Create dashboard page');
    const { session_id } = await begun();
    const refused = await world.manager.delegate(topic, 'x', { session_id, adopt: true });
    expect(refused).toMatchObject({ status: 'failed', error: { code: 'TOPIC_ELSEWHERE' } });
    expect(await world.manager.delegate(topic, 'More')).toMatchObject({ session_id: own.session_id });
  });

  test('has an id that is compared whole: one that contains it, or is written in capitals, is another', async () => {
    const { cwd } = await begun();
    const id = `Chat-${randomUUID().slice(0, 8)}`;
    for (const [name, topic] of [
      [id, 'the one'],
      [`${id}-2`, 'that contains it'],
      [id.toUpperCase(), 'in capitals'],
    ] as const) {
      await writeFile(join(world.agent.store, `${name}.begun`), JSON.stringify({ cwd }));
      await writeFile(join(world.agent.store, `${name}.jsonl`), '');
      const adopted = await world.manager.delegate(`${topic} ${id}`, 'x', { session_id: name, adopt: true });
      expect(adopted).toMatchObject({ status: 'completed', session: { reason: 'adopted' } });
    }
    await expect
      .poll(() => world.manager.delegate(undefined, 'y', { session_id: `${id}-2` }).catch(String))
      .toMatchObject({ topic: `that contains it ${id}` });
    expect(await world.manager.delegate(undefined, 'y', { session_id: id })).toMatchObject({ topic: `the one ${id}` });
  });

  test.each([
    ['another model', { model: 'our/model' }, 'model'],
    ['another directory', { cwd: '/' }, 'cwd'],
    ['a category', { category: 'quick' }, 'category'],
  ] as const)('with %s is refused, and remains free', async (_what, asked, field) => {
    const { session_id } = await begun();
    const result = await world.manager.delegate(aTopic(), 'x', { session_id, adopt: true, ...asked });
    expect(result).toMatchObject({ status: 'failed', error: { code: 'SESSION_PINNED' } });
    expect(result.error?.message).toContain(`has ${field} `);
    expect(world.agent.promptsIn(session_id)).toHaveLength(1);
    expect(await world.manager.delegate(aTopic(), 'y', { session_id, adopt: true })).toMatchObject({
      status: 'completed',
      session: { reason: 'adopted' },
    });
  });

  test('is free again as soon as its topic was forgotten', async () => {
    const { session_id } = await begun();
    const topic = aTopic();
    await world.manager.delegate(topic, 'x', { session_id, adopt: true });
    await world.manager.forget(topic);
    expect(await world.manager.delegate(aTopic(), 'y', { session_id, adopt: true })).toMatchObject({
      status: 'completed',
      session: { reason: 'adopted' },
    });
  });

  test('is free again as soon as its topic was terminated before it had it', async () => {
    const { session_id } = await begun();
    const topic = aTopic();
    const find = world.agent.find?.bind(world.agent);
    const steps = new EventEmitter();
    const looks = once(steps, 'looks');
    world.agent.find = async (session) => {
      const ended = once(steps, 'ended');
      steps.emit('looks');
      await ended;
      return find?.(session);
    };
    await world.manager.submit(topic, 'x', { session_id, adopt: true });
    await looks;
    Object.assign(world.agent, { find });
    await world.client.workflow.getHandle(`topic/${topic}`).terminate();
    steps.emit('ended');
    await expect.poll(() => readdir(join(world.config.dataDir, 'adopted')).catch(String)).toContain(nameOf(session_id));
    expect(await world.manager.delegate(aTopic(), 'y', { session_id, adopt: true })).toMatchObject({
      status: 'completed',
      session: { reason: 'adopted' },
    });
    expect(world.agent.promptsIn(session_id).slice(1)).toEqual(['y']);
  });

  test.each([
    ['3 MB long', 'm'.repeat(3_000_000)],
    ['on two lines', 'a\nmodel'],
  ])('whose model is %s is taken over without it', async (_what, model) => {
    const { cwd, session_id } = await begun();
    await writeFile(join(world.agent.store, `${session_id}.begun`), JSON.stringify({ cwd, model }));
    const result = await world.manager.delegate(aTopic(), 'x', { session_id, adopt: true });
    expect(result).toMatchObject({ status: 'completed', session_id });
    expect(result).not.toHaveProperty('model');
  });

  test('that does not say in which directory it works is not taken over to that of the worker', async () => {
    const { session_id } = await begun();
    await writeFile(join(world.agent.store, `${session_id}.begun`), JSON.stringify({ cwd: '.' }));
    expect(await world.manager.delegate(aTopic(), 'x', { session_id, adopt: true })).toMatchObject({
      status: 'failed',
      error: { code: 'SESSION_UNKNOWN' },
    });
  });

  test('goes on under the name that its caller says, where several names use one store', async () => {
    const { session_id } = await begun();
    const result = await world.manager.delegate(aTopic(), 'x', { session_id, adopt: true, agent: 'other' });
    expect(result).toMatchObject({ status: 'completed', session_id, agent: 'other' });
  });

  test('may be named by another path to its directory', async () => {
    const { cwd, session_id } = await begun();
    const link = join(dir, randomUUID());
    await symlink(cwd, link);
    const result = await world.manager.delegate(aTopic(), 'x', { session_id, adopt: true, cwd: link });
    expect(result).toMatchObject({ status: 'completed', session_id });
  });

  test('whose directory is gone is refused, as is one that no agent has', async () => {
    const { cwd, session_id } = await begun();
    await rm(cwd, { recursive: true });
    expect(await world.manager.delegate(aTopic(), 'x', { session_id, adopt: true })).toMatchObject({
      error: { code: 'CWD_MISSING' },
    });
    expect(await world.manager.delegate(aTopic(), 'x', { session_id: 'ses_none', adopt: true })).toMatchObject({
      status: 'failed',
      session_id: 'ses_none',
      error: { code: 'SESSION_UNKNOWN', message: expect.stringContaining('fake') as string },
    });
  });

  test('can be taken over by a signal from any language', async () => {
    const { session_id } = await begun();
    const topic = aTopic();
    const prompt = { prompt: 'By signal', prompt_id: 'one', session_id, adopt: true };
    await world.client.workflow.signalWithStart('topicSession', {
      workflowId: `topic/${topic}`,
      taskQueue: 'continuity',
      signal: 'prompt',
      signalArgs: [prompt],
    });
    expect(await world.manager.wait(topic, 'one')).toMatchObject({ status: 'completed', session_id });
  });
});
