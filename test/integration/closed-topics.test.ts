/**
 * A topic that was closed, or that an operator ended, is continued by its name and by its sessions;
 * and it can be forgotten.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineSearchAttributeKey } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.dispose());

const aTopic = () => `topic ${randomUUID()}`;
const handleOf = (topic: string) => world.client.workflow.getHandle(`topic/${topic}`);
const statusOf = async (topic: string) => (await handleOf(topic).describe()).status.name;

async function close(topic: string): Promise<void> {
  await world.manager.close(topic);
  await expect.poll(() => statusOf(topic)).toBe('COMPLETED');
}

async function runsOf(topic: string): Promise<number> {
  let runs = 0;
  for await (const { runId } of world.client.workflow.list({ query: `WorkflowId = 'topic/${topic}'` })) {
    runs += await world.client.workflow
      .getHandle(`topic/${topic}`, runId)
      .describe()
      .then(
        () => 1,
        () => 0,
      );
  }
  return runs;
}

describe('a topic that was closed', () => {
  test('goes on in its session when it is named', async () => {
    const topic = aTopic();
    const { session_id } = await world.manager.delegate(topic, 'one');
    await close(topic);
    expect(await world.manager.delegate(topic, 'two')).toMatchObject({
      session_id,
      turn: 2,
      session: { kind: 'resumed' },
    });
    expect(world.agent.promptsIn(`${session_id}`)).toEqual(['one', 'two']);
  });

  test('answers a used prompt id with its outcome, and refuses it for another request, also for a new session', async () => {
    const topic = aTopic();
    const first = await world.manager.delegate(topic, 'one', { prompt_id: 'used' });
    await close(topic);
    expect(await world.manager.delegate(topic, 'one', { prompt_id: 'used' })).toEqual(first);
    await close(topic);
    const reused = { code: 'PROMPT_ID_REUSED' };
    await expect(world.manager.delegate(topic, 'another', { prompt_id: 'used' })).rejects.toMatchObject(reused);
    await close(topic);
    await expect(world.manager.delegate(topic, 'one', { prompt_id: 'used', session: 'new' })).rejects.toMatchObject(
      reused,
    );
    await expect(world.manager.submit(topic, 'another', { prompt_id: 'used' })).rejects.toMatchObject(reused);
    expect(world.agent.promptsIn(`${first.session_id}`)).toEqual(['one']);
  });

  test('twenty callers at once, by its name and by its session, go on in one session', async () => {
    const topic = aTopic();
    const { session_id } = await world.manager.delegate(topic, 'one');
    await close(topic);
    const asked = Array.from({ length: 20 }, (_, i) =>
      i % 2
        ? world.manager.delegate(topic, `by name ${i}`)
        : world.manager.delegate(undefined, `by session ${i}`, { session_id }),
    );
    const results = await Promise.all(asked);
    expect(new Set(results.map((result) => result.session_id))).toEqual(new Set([session_id]));
    expect(world.agent.promptsIn(`${session_id}`)).toHaveLength(21);
  });

  test('fix and also go on in its session, and open none where it has none', async () => {
    const topic = aTopic();
    const failed = await world.manager.delegate(topic, 'x', { cwd: '/not/there' });
    expect(failed.session_id).toBeNull();
    await close(topic);
    expect(await world.manager.fix(topic, 'it')).toMatchObject({
      status: 'failed',
      session_id: null,
      error: { code: 'SESSION_UNKNOWN' },
    });
    expect((await world.manager.view(topic)).sessions).toEqual([]);
  });

  test('cancel says INVALID_PROMPT of a prompt that it does not know, and already_ended of one that ended', async () => {
    const topic = aTopic();
    const { prompt_id } = await world.manager.delegate(topic, 'one');
    await close(topic);
    await expect(world.manager.cancel(topic, 'no-such-prompt')).rejects.toMatchObject({ code: 'INVALID_PROMPT' });
    expect(await world.manager.cancel(topic, prompt_id)).toEqual({ prompt_id, effect: 'already_ended' });
  });
});

test('a topic that was terminated goes on in its session, by its name and by its session id', async () => {
  const topic = aTopic();
  const { session_id } = await world.manager.delegate(topic, 'one');
  await handleOf(topic).terminate('A person in the Web UI.');
  expect(await world.manager.delegate(undefined, 'two', { session_id })).toMatchObject({ session_id, turn: 2 });
  await handleOf(topic).terminate('Again.');
  expect(await world.manager.fix(topic, 'it')).toMatchObject({ session_id, turn: 3 });
});

test('a session that visibility shows only after some seconds is found', async () => {
  const topic = aTopic();
  const found = world.manager.topicOf(topic);
  found.catch(() => undefined); // It is awaited below.
  await sleep(2000); // The lag.
  const sessions = defineSearchAttributeKey('ContinuitySessions', 'KEYWORD_LIST');
  await world.client.workflow.start('topicSession', {
    workflowId: `topic/${topic}`,
    taskQueue: 'nowhere',
    typedSearchAttributes: [{ key: sessions, value: [topic] }],
  });
  expect(await found).toBe(topic);
});

test('a prompt id that begins with @ is refused with the reason', async () => {
  const refused = { code: 'INVALID_PROMPT', message: expect.stringContaining('does not start with "@"') as string };
  await expect(world.manager.delegate(aTopic(), 'x', { prompt_id: '@fix/1/p' })).rejects.toMatchObject(refused);
});

test('a delegation without a topic gets one that closes by itself; a topic with a name stays open', async () => {
  const config = { ...world.config, limits: { ...world.config.limits, closeUnnamedAfterMs: 1000 } };
  const manager = await world.connect({ config });
  const named = await manager.delegate(aTopic(), 'one');
  const unnamed = await manager.delegate(undefined, 'one');
  await expect.poll(() => statusOf(unnamed.topic)).toBe('COMPLETED');
  expect(await manager.delegate(undefined, 'two', { session_id: unnamed.session_id })).toMatchObject({
    session_id: unnamed.session_id,
    session: { kind: 'resumed' },
  });
  expect([await statusOf(named.topic), (await manager.view(named.topic)).closes_at]).toEqual(['RUNNING', undefined]);
});

test('how long the turns of a session wait for its host is what config said when it was opened', async () => {
  const topic = aTopic();
  await world.manager.delegate(topic, 'one');
  const [session] = (await world.manager.view(topic)).sessions;
  expect(session?.pinned.host_timeout_ms).toBe(world.config.limits.hostTimeoutMs);
});

describe('forget', () => {
  test.each(['open', 'closed', 'terminated'])(
    'erases a topic that is %s, with its runs, and says what stays',
    async (how) => {
      const topic = aTopic();
      const first = await world.manager.delegate(topic, 'one', { prompt_id: 'p' });
      await close(topic);
      await world.manager.delegate(topic, 'two');
      if (how === 'closed') await close(topic);
      if (how === 'terminated') await handleOf(topic).terminate('A person in the Web UI.');
      const forgot = await world.manager.forget(topic);
      expect(forgot.sessions).toEqual([
        {
          session_id: first.session_id,
          agent: 'fake',
          host: 'host-1',
          deleted: false,
          kept_because: expect.any(String) as string,
        },
      ]);
      expect(forgot.runs).toMatchObject({ kept: [] });
      expect(forgot.runs.deleted).toBeGreaterThanOrEqual(2);
      expect(await runsOf(topic)).toBe(0);
      await expect(world.manager.view(topic)).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' });
      const anew = await world.manager.delegate(topic, 'another', { prompt_id: 'p' });
      expect(anew).toMatchObject({ turn: 1, session: { kind: 'new' } });
      expect(anew.session_id).not.toBe(first.session_id);
    },
  );

  test('stops what runs, and a topic that there is not is TOPIC_UNKNOWN and not begun', async () => {
    const topic = aTopic();
    const running = world.manager.delegate(topic, `[[until: ${join(world.dir, 'never')}]]`);
    await expect.poll(async () => (await world.manager.progress(topic).catch(() => undefined))?.step).toBe('reading');
    await world.manager.forget(topic);
    expect(await running).toMatchObject({ status: 'cancelled' });
    const unknown = aTopic();
    await expect(world.manager.forget(unknown)).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' });
    expect(await runsOf(unknown)).toBe(0);
  });
});
