/**
 * Promise 5 where a session is lost or corrupted: it is replaced, or the turn fails, and either way
 * it is said.
 */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAX_BRIEF_BYTES } from '../../src/contract/limits.js';
import { newFakeAgent } from '../support/fake-agent.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.dispose());

const aTopic = () => `topic ${randomUUID()}`;
const promptsIn = (session: string | null) => world.agent.promptsIn(session ?? '');

describe('promise 5: a topic whose session is lost', () => {
  test('goes on in a new one, as it was pinned, and the result says which one it replaced', async () => {
    const topic = aTopic();
    const first = await world.manager.delegate(topic, 'Add login endpoint', { category: 'quick', skills: ['sql'] });
    world.agent.lose(first.session_id);
    const second = await world.manager.delegate(topic, 'Fix: add rate limiting');
    expect(second).toMatchObject({
      status: 'completed',
      turn: 2,
      category: 'quick',
      session: { kind: 'replaced', reason: 'lost', replaces: first.session_id },
    });
    expect(second.session_id).not.toBe(first.session_id);
    const third = await world.manager.delegate(topic, 'And a test');
    expect(third).toMatchObject({ session_id: second.session_id, session: { kind: 'resumed' } });
    const { sessions, session_id } = await world.manager.view(topic);
    expect(session_id).toBe(second.session_id);
    const [{ pinned: before }, { pinned: after }] = sessions as [(typeof sessions)[0], (typeof sessions)[0]];
    expect(after).toEqual(before);
    expect(sessions.map(({ lost, turns, current }) => ({ lost, turns, current }))).toEqual([
      { lost: 'lost', turns: 1, current: false },
      { lost: undefined, turns: 2, current: true },
    ]);
  });

  test('tells the new session what was asked and how it ended, once, within 4 KiB', async () => {
    const topic = aTopic();
    await world.manager.delegate(topic, 'Add login endpoint\nwith a second line');
    await world.manager.delegate(topic, '[[fail: AGENT_AUTH]] Fix: add rate limiting');
    const { session_id } = await world.manager.delegate(topic, `Long ${'x'.repeat(20_000)}`);
    world.agent.lose(session_id);
    const { session_id: instead } = await world.manager.delegate(topic, 'Go on');
    const [asked = '', ...others] = promptsIn(instead);
    expect(others).toEqual([]);
    expect(asked).toMatch(/earlier session \S+ of the topic .* was lost/);
    expect(asked).toContain('- turn 1 (completed): Add login endpoint → prompt 1 here: Add login endpoint');
    expect(asked).toContain('- turn 2 (failed, AGENT_AUTH): ');
    expect(asked.endsWith('The prompt:\n\nGo on')).toBe(true);
    expect(Buffer.byteLength(asked)).toBeLessThanOrEqual(MAX_BRIEF_BYTES + 'Go on'.length);
    await world.manager.delegate(topic, 'And on');
    expect(promptsIn(instead).at(-1)).toBe('And on');
  });

  test('by on_lost: fail fails as SESSION_LOST with its id, until somebody says replace', async () => {
    const topic = aTopic();
    const { session_id } = await world.manager.delegate(topic, 'one');
    world.agent.lose(session_id);
    const failed = await world.manager.delegate(topic, 'two', { on_lost: 'fail' });
    expect(failed).toMatchObject({
      status: 'failed',
      session_id,
      session: { kind: 'resumed' },
      error: { code: 'SESSION_LOST' },
    });
    expect(failed.error?.fix).toContain('--on-lost replace');
    expect(await world.manager.view(topic)).toMatchObject({ session_id, sessions: [{ lost: 'lost' }] });
    expect(await world.manager.delegate(topic, 'three')).toMatchObject({
      status: 'completed',
      session: { kind: 'replaced', reason: 'lost', replaces: session_id },
    });
  });

  test('keeps what config said when the session was opened, whatever it says later', async () => {
    const topic = aTopic();
    await world.stopWorker();
    await world.startWorker({ config: { onLost: 'fail' } });
    const { session_id } = await world.manager.delegate(topic, 'one');
    await world.stopWorker();
    await world.startWorker();
    world.agent.lose(session_id);
    expect(await world.manager.delegate(topic, 'two')).toMatchObject({ session_id, error: { code: 'SESSION_LOST' } });
    expect(await world.manager.delegate(topic, 'three', { on_lost: 'replace' })).toMatchObject({
      session: { kind: 'replaced' },
    });
  });

  test('is not thrown back to the lost session by a prompt that names it, and that prompt runs nowhere else', async () => {
    const topic = aTopic();
    const { session_id } = await world.manager.delegate(topic, 'one');
    world.agent.lose(session_id);
    const second = await world.manager.delegate(topic, 'two');
    const named = await world.manager.delegate(undefined, 'three', { session_id });
    expect(named).toMatchObject({
      status: 'failed',
      topic,
      session_id,
      session: { kind: 'resumed' },
      error: { code: 'SESSION_LOST' },
    });
    expect(await world.manager.delegate(topic, 'four')).toMatchObject({
      session_id: second.session_id,
      session: { kind: 'resumed' },
    });
    expect((await world.manager.view(topic)).sessions).toHaveLength(2);
  });

  test('opens the new one on the same host, where the files are, and waits for it', async () => {
    const topic = aTopic();
    const { session_id } = await world.manager.delegate(topic, 'one');
    world.agent.lose(session_id);
    await world.manager.delegate(undefined, 'two', { session_id });
    const sound = aTopic();
    await world.manager.delegate(sound, 'one');
    await world.stopWorker();
    await world.startWorker({ host: 'host-2' });
    const gate = join(world.dir, randomUUID());
    await world.client.workflow.getHandle(`topic/${sound}`).signal('prompt', `two [[until: ${gate}]]`);
    await world.client.workflow
      .getHandle(`topic/${topic}`)
      .signal('prompt', { prompt: `three [[until: ${gate}]]`, prompt_id: 'three' });
    await expect
      .poll(async () => (await world.manager.view(topic).catch(() => undefined))?.running?.waiting_for_host, {
        timeout: 60_000,
      })
      .toBe('host-1');
    await world.stopWorker();
    await world.startWorker();
    // Both are at work again, and shown so: the one that had a session to open, and the one that
    // only had a turn to go on with.
    for (const one of [topic, sound]) {
      await expect.poll(async () => (await world.manager.progress(one))?.step, { timeout: 60_000 }).toBe('reading');
      const back = await world.manager.view(one);
      expect([back.state, back.running?.waiting_for_host]).toEqual(['running', undefined]);
    }
    await writeFile(gate, '');
    expect(await world.manager.wait(topic, 'three')).toMatchObject({
      status: 'completed',
      session: { kind: 'replaced', replaces: session_id },
    });
    expect((await world.manager.view(topic)).sessions.map(({ pinned }) => pinned.host)).toEqual(['host-1', 'host-1']);
  }, 120_000);

  test('does not try a session again that a prompt by its id found lost', async () => {
    const topic = aTopic();
    const { session_id } = await world.manager.delegate(topic, 'one');
    world.agent.lose(session_id);
    expect(await world.manager.delegate(undefined, 'two', { session_id })).toMatchObject({
      error: { code: 'SESSION_LOST' },
    });
    expect(await world.manager.delegate(topic, 'three')).toMatchObject({
      session: { kind: 'replaced', replaces: session_id },
      attempts: 1,
    });
    expect(await scheduled(topic, 'runTurn')).toBe(3);
  });

  test('gets one new session a turn: when that is lost as well, the turn fails and says so', async () => {
    const topic = aTopic();
    const { session_id } = await world.manager.delegate(topic, 'one');
    const failed = await world.manager.delegate(topic, '[[fail: SESSION_LOST]] two');
    expect(failed).toMatchObject({
      status: 'failed',
      turn: 2,
      session: { kind: 'replaced', replaces: session_id },
      error: { code: 'SESSION_LOST' },
    });
    const { sessions } = await world.manager.view(topic);
    expect(sessions.map(({ session_id: id, lost }) => [id, lost])).toEqual([
      [session_id, 'lost'],
      [failed.session_id, 'lost'],
    ]);
  });

  test('says so when no other can be opened, and goes on once one can', async () => {
    const topic = aTopic();
    const { session_id } = await world.manager.delegate(topic, 'one');
    world.agent.lose(session_id);
    await world.stopWorker();
    await world.startWorker({ config: { agents: {} } });
    const failed = await world.manager.delegate(topic, 'two');
    expect(failed).toMatchObject({
      status: 'failed',
      session_id: null,
      session: { kind: 'replaced', replaces: session_id },
      error: { code: 'AGENT_UNKNOWN' },
    });
    await world.stopWorker();
    await world.startWorker();
    expect(await world.manager.delegate(topic, 'three')).toMatchObject({
      status: 'completed',
      session: { kind: 'replaced', reason: 'lost', replaces: session_id },
    });
  });

  test('costs more history than a follow-up: 32 events', async () => {
    const topic = aTopic();
    const { session_id } = await world.manager.delegate(topic, 'one');
    await expect.poll(async () => (await world.manager.view(topic)).state).toBe('idle');
    world.agent.lose(session_id);
    const length = async () => (await world.client.workflow.getHandle(`topic/${topic}`).describe()).historyLength;
    const before = await length();
    await world.manager.delegate(topic, 'two');
    await expect.poll(async () => (await world.manager.view(topic)).state).toBe('idle');
    const events = (await length()) - before;
    process.stdout.write(`history: a replaced turn ${events} events\n`);
    // 13 of any turn; an opening, the files for the brief and a second run with a workflow task each
    // (18); the new session announced (1).
    expect(events).toBeLessThanOrEqual(32);
  });
});

describe('promise 5: a topic whose session is corrupted', () => {
  test('goes on in a new one, and a prompt for that session fails as SESSION_CORRUPTED', async () => {
    const topic = aTopic();
    const { session_id } = await world.manager.delegate(topic, '[[corrupt]] one');
    const second = await world.manager.delegate(topic, 'two');
    expect(second).toMatchObject({
      status: 'completed',
      session: { kind: 'replaced', reason: 'corrupted', replaces: session_id },
    });
    expect(promptsIn(second.session_id)[0]).toContain('can no longer be continued');
    expect(await world.manager.delegate(undefined, 'three', { session_id })).toMatchObject({
      status: 'failed',
      session_id,
      error: { code: 'SESSION_CORRUPTED' },
    });
    expect((await world.manager.view(topic)).sessions[0]?.lost).toBe('corrupted');
  });
});

test('promise 5: a session of which nothing can be learned is asked again, and never replaced', async () => {
  const topic = aTopic();
  const { session_id } = await world.manager.delegate(topic, 'one');
  await world.stopWorker();
  const elsewhere = newFakeAgent(`${world.config.dataDir}-elsewhere`);
  await world.startWorker({ agents: new Map([['fake', elsewhere]]) });
  await signalled(topic, 'two');
  await expect
    .poll(async () => world.manager.progress(topic).catch(() => undefined))
    .toMatchObject({
      attempt: 2,
      last_failure: expect.stringContaining(`Session ${session_id} was opened in the store`) as string,
    });
  expect(await world.manager.view(topic)).toMatchObject({ state: 'running', session_id, sessions: [{ session_id }] });
  await world.stopWorker();
  await elsewhere.close({ stop: true });
  await world.startWorker();
  expect(await world.manager.wait(topic, 'two')).toMatchObject({
    status: 'completed',
    session_id,
    session: { kind: 'resumed' },
  });
});

/** Needs no worker, and no patience with one that is being replaced. */
const signalled = (topic: string, prompt: string) =>
  world.client.workflow.getHandle(`topic/${topic}`).signal('prompt', { prompt, prompt_id: prompt });

async function scheduled(topic: string, activity: string): Promise<number> {
  const { events } = await world.client.workflow.getHandle(`topic/${topic}`).fetchHistory();
  return (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === activity)
    .length;
}

describe('a session whose content the provider refuses, in words that nobody knows,', () => {
  test('is replaced with the second prompt that is refused so, and its brief does not carry what was refused', async () => {
    const topic = aTopic();
    const first = await world.manager.delegate(topic, 'Add login endpoint');
    const refused = await world.manager.delegate(topic, '[[bad image]] Look at it');
    expect(refused).toMatchObject({ status: 'failed', session_id: first.session_id, error: { code: 'MODEL_FAILED' } });
    const replaced = await world.manager.delegate(topic, 'And now?');
    expect(replaced).toMatchObject({
      status: 'completed',
      session: { kind: 'replaced', reason: 'corrupted', replaces: first.session_id },
    });
    const [asked = ''] = promptsIn(replaced.session_id);
    expect(asked).toContain('- turn 1 (completed): Add login endpoint');
    expect(asked).toContain('- turn 2 (failed, MODEL_FAILED): what it asked is left out');
    expect(asked).not.toContain('bad image');
    expect(asked.endsWith('And now?')).toBe(true);
    expect(await world.manager.delegate(topic, 'Go on')).toMatchObject({
      status: 'completed',
      session_id: replaced.session_id,
    });
  });

  test('by on_lost: fail fails as SESSION_CORRUPTED, and so does a prompt that names it', async () => {
    const topic = aTopic();
    const { session_id } = await world.manager.delegate(topic, '[[bad image]] Look at it');
    const named = await world.manager.delegate(undefined, 'And now?', { session_id });
    expect(named).toMatchObject({ status: 'failed', session_id, error: { code: 'SESSION_CORRUPTED' } });
    const failed = await world.manager.delegate(topic, 'And now?', { on_lost: 'fail' });
    expect(failed).toMatchObject({ status: 'failed', session_id, error: { code: 'SESSION_CORRUPTED' } });
    const { sessions } = await world.manager.view(topic);
    expect(sessions).toMatchObject([{ lost: 'corrupted' }]);
    expect(sessions[0]).not.toHaveProperty('refused_as');
  });

  test('and a prompt that is refused itself gets one new session, and no more', async () => {
    const topic = aTopic();
    await world.manager.delegate(topic, '[[bad image]] Look at it');
    const again = await world.manager.delegate(topic, '[[bad image]] Look at it again');
    expect(again).toMatchObject({ status: 'failed', error: { code: 'MODEL_FAILED' }, session: { kind: 'replaced' } });
    const third = await world.manager.delegate(topic, 'Never mind');
    expect(third).toMatchObject({ status: 'completed', session: { kind: 'replaced', replaces: again.session_id } });
  });
});
