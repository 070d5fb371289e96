/** A topic whose session begins as a copy of another topic's, on a real server, with the fake agent. */
import { randomUUID } from 'node:crypto';
import { realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PromptOptions } from '../../src/client/prompt-of.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.dispose());

const aTopic = () => `topic ${randomUUID()}`;

async function original() {
  const topic = aTopic();
  const { session_id } = await world.manager.delegate(topic, 'Add login endpoint');
  await world.manager.delegate(topic, 'Add tests');
  return { topic, session_id: session_id ?? '' };
}

describe('a topic that is forked', () => {
  test('stays as it is, and the new topic knows what it knew', async () => {
    const { topic, session_id } = await original();
    const before = await world.manager.view(topic);
    const copy = await world.manager.delegate(aTopic(), 'Now with JWT', { fork: { topic } });
    expect(copy).toMatchObject({
      status: 'completed',
      turn: 1,
      session: { kind: 'new', reason: 'forked', forked_from: { topic, session_id, turn: 2 } },
    });
    expect(world.agent.promptsIn(copy.session_id ?? '')).toEqual(['Add login endpoint', 'Add tests', 'Now with JWT']);
    expect(world.agent.promptsIn(session_id)).toEqual(['Add login endpoint', 'Add tests']);
    expect(await world.manager.view(topic)).toEqual(before);
  });

  test('may be copied up to an earlier turn, and its session by id', async () => {
    const { topic, session_id } = await original();
    const { session_id: second } = await world.manager.delegate(topic, 'Fresh eyes', { session: 'new' });
    const early = await world.manager.delegate(aTopic(), 'Otherwise', { fork: { topic, at: 1 } });
    expect(early.session).toMatchObject({ forked_from: { session_id, turn: 1 } });
    expect(world.agent.promptsIn(early.session_id ?? '')).toEqual(['Add login endpoint', 'Otherwise']);
    const first = await world.manager.delegate(aTopic(), 'By id', { fork: { topic, session_id } });
    expect(first.session).toMatchObject({ forked_from: { session_id, turn: 2 } });
    const current = await world.manager.delegate(aTopic(), 'Now', { fork: { topic } });
    expect(current.session).toMatchObject({ forked_from: { session_id: second, turn: 3 } });
  });

  test('is copied without the turn that runs, and the turn goes on', async () => {
    const { topic, session_id } = await original();
    const running = world.manager.delegate(topic, '[[until: ' + world.dir + '/gate-fork]] work', {
      prompt_id: 'at work',
    });
    await expect.poll(async () => (await world.manager.view(topic)).running?.session_id).toBe(session_id);
    await expect.poll(() => world.agent.promptsIn(session_id).length).toBe(3);
    const copy = await world.manager.delegate(aTopic(), 'Beside it', { fork: { topic } });
    expect(copy.session).toMatchObject({ reason: 'forked', forked_from: { turn: 2 } });
    expect(world.agent.promptsIn(copy.session_id ?? '')).toEqual(['Add login endpoint', 'Add tests', 'Beside it']);
    expect(await world.manager.delegate(aTopic(), 'x', { fork: { topic, at: 3 } })).toMatchObject({
      error: { code: 'INVALID_PROMPT', message: expect.stringContaining('is still running') as string },
    });
    await writeFile(join(world.dir, 'gate-fork'), '');
    expect(await running).toMatchObject({ status: 'completed' });
  });

  test('may be closed, and the same prompt again attaches to its copy', async () => {
    const { topic } = await original();
    await world.manager.close(topic);
    const [name, prompt_id] = [aTopic(), randomUUID()];
    const once = await world.manager.delegate(name, 'Go on', { fork: { topic }, prompt_id });
    expect(once).toMatchObject({ status: 'completed', session: { reason: 'forked' } });
    expect(await world.manager.delegate(name, 'Go on', { fork: { topic }, prompt_id })).toEqual(once);
    await expect(world.manager.delegate(name, 'Go on', { fork: { topic, at: 1 }, prompt_id })).rejects.toMatchObject({
      code: 'PROMPT_ID_REUSED',
    });
  });

  test('has a copy of its own for the same prompt id, with what the prompt changes', async () => {
    const { topic, session_id } = await original();
    const prompt_id = randomUUID();
    await world.manager.delegate(topic, 'Third', { prompt_id });
    const copy = await world.manager.delegate(aTopic(), 'Third', { prompt_id, fork: { topic }, model: 'fake/large' });
    expect(copy).toMatchObject({
      status: 'completed',
      model: 'fake/large',
      session: { changed: { model: 'fake/large' } },
    });
    expect(world.agent.promptsIn(copy.session_id ?? '')).toHaveLength(4);
    expect(world.agent.promptsIn(session_id)).toHaveLength(3);
  });

  test('is told of in a brief where another agent is to go on, as long as no turn with it was completed', async () => {
    const { topic, session_id } = await original();
    const name = aTopic();
    const first = await world.manager.delegate(name, '[[fail: MODEL_FAILED]] Review', {
      fork: { topic },
      agent: 'other',
    });
    expect(first).toMatchObject({
      agent: 'other',
      status: 'failed',
      session: { kind: 'new', reason: 'forked_with_brief', forked_from: { topic, session_id, turn: 2 } },
    });
    await world.manager.delegate(name, 'Again');
    await world.manager.delegate(name, 'And again');
    const [failed, again, last] = world.agent.promptsIn(first.session_id ?? '');
    for (const text of [failed, again]) {
      expect(text).toMatch(/^Note: this session goes on from another one, .* after turn 2\./);
      expect(text).toContain('Add login endpoint');
    }
    expect(last).toBe('And again');
  });

  test.each<[string, string, (topic: string) => PromptOptions]>([
    ['a turn that does not exist', 'INVALID_PROMPT', (topic) => ({ fork: { topic, at: 9 } })],
    ['a session that it does not have', 'SESSION_UNKNOWN', (topic) => ({ fork: { topic, session_id: 'ses_x' } })],
  ])('%s can’t be copied, and the turn says so', async (_, code, options) => {
    const { topic } = await original();
    const name = aTopic();
    expect(await world.manager.delegate(name, 'Go on', options(topic))).toMatchObject({
      status: 'failed',
      session_id: null,
      session: { kind: 'new' },
      error: { code },
    });
    expect(await world.manager.delegate(name, 'Go on', { fork: { topic } })).toMatchObject({ status: 'completed' });
  });

  test('of another project, lost, or without a completed turn can’t be copied', async () => {
    const { topic, session_id } = await original();
    const elsewhere = await world.connect({ cwd: await realpath(tmpdir()) });
    expect(await elsewhere.delegate(aTopic(), 'x', { fork: { topic } })).toMatchObject({
      error: { code: 'TOPIC_ELSEWHERE' },
    });
    world.agent.lose(session_id);
    expect(await world.manager.delegate(aTopic(), 'x', { fork: { topic } })).toMatchObject({
      error: { code: 'SESSION_LOST' },
    });
    const failing = aTopic();
    await world.manager.delegate(failing, '[[fail: MODEL_FAILED]] x');
    expect(await world.manager.delegate(aTopic(), 'x', { fork: { topic: failing } })).toMatchObject({
      error: { code: 'SESSION_UNKNOWN' },
    });
  });

  test('is never forked into itself, nor into a topic that has a session', async () => {
    const { topic } = await original();
    const refused = (name: string, options: PromptOptions) =>
      expect(world.manager.delegate(name, 'x', options)).rejects;
    await refused(topic, { fork: { topic } }).toMatchObject({ code: 'INVALID_PROMPT' });
    await refused((await original()).topic, { fork: { topic } }).toMatchObject({ code: 'SESSION_PINNED' });
    for (const other of [{ session: 'new' }, { session_id: 'ses_1' }, { on_lost: 'fail' }] as PromptOptions[])
      await refused(aTopic(), { fork: { topic }, ...other }).toMatchObject({ code: 'INVALID_PROMPT' });
    for (const fork of [{ topic, at: 0 }, { topic, at: 1.5 }, { at: 1 } as never])
      await refused(aTopic(), { fork }).toMatchObject({ code: 'INVALID_PROMPT' });
  });

  test('is forked by a plain signal, too', async () => {
    const { topic, session_id } = await original();
    const name = aTopic();
    await world.client.workflow.signalWithStart('topicSession', {
      taskQueue: 'continuity',
      workflowId: `topic/${name}`,
      signal: 'prompt',
      signalArgs: [{ prompt: 'By signal', prompt_id: 'signalled', fork: { topic, at: 1 } }],
    });
    expect(await world.manager.wait(name, 'signalled')).toMatchObject({
      session: { reason: 'forked', forked_from: { topic, session_id, turn: 1 } },
    });
  });
});
