/**
 * The promises of the product that need no killing, on a real Temporal server, each title one
 * claim.
 */
import { randomUUID } from 'node:crypto';
import { symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { delegateTask } from '../../src/client/delegate-task.js';
import { SessionError } from '../../src/client/session-error.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.dispose());

const aTopic = () => `topic ${randomUUID()}`;

async function refusal(work: Promise<unknown>): Promise<SessionError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SessionError);
  return error as SessionError;
}

describe('promise 1: accepted is kept', () => {
  test('a prompt that was accepted and not waited for is answered', async () => {
    const topic = aTopic();
    const { prompt_id } = await world.manager.submit(topic, 'do it');
    const result = await world.manager.wait(topic, prompt_id);
    expect(result).toMatchObject({ status: 'completed', prompt_id, topic });
  });

  test('50 callers at once on one topic get 50 outcomes, in the order of their acceptance', async () => {
    const topic = aTopic();
    const prompts = Array.from({ length: 50 }, (_, i) => `prompt ${i}`);
    const results = await Promise.all(prompts.map((prompt) => world.manager.delegate(topic, prompt)));
    expect(results.map((result) => result.status)).toEqual(prompts.map(() => 'completed'));
    const session = results[0]?.session_id ?? '';
    const inSession = world.agent.promptsIn(session);
    expect([...inSession].sort()).toEqual([...prompts].sort());
    const byTurn = [...results]
      .sort((a, b) => a.turn - b.turn)
      .map((result) => result.reply.match(/here: (prompt \d+);/)?.[1]);
    expect(byTurn).toEqual(inSession);
  });

  test('a manager that is disconnected while it waits says so, and the prompt is answered', async () => {
    const topic = aTopic();
    const gate = join(world.dir, randomUUID());
    const manager = await world.connect();
    const waiting = refusal(manager.delegate(topic, `[[until: ${gate}]] wait`, { prompt_id: 'left' }));
    await expect
      .poll(async () => (await world.manager.outcome(topic, 'left').catch(() => undefined))?.state)
      .toBe('running');
    await manager.disconnect();
    expect(await waiting).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      message: expect.stringContaining('The prompt is accepted.') as string,
    });
    await writeFile(gate, '');
    expect(await world.manager.wait(topic, 'left')).toMatchObject({ status: 'completed' });
  });
});

describe('promise 2: put in once', () => {
  test('the same prompt id again attaches to the first, while it runs and after it ended', async () => {
    const topic = aTopic();
    const gate = join(world.dir, randomUUID());
    const prompt = `[[until: ${gate}]] wait`;
    const first = world.manager.delegate(topic, prompt, { prompt_id: 'one' });
    const second = world.manager.delegate(topic, prompt, { prompt_id: 'one' });
    await expect
      .poll(async () => (await world.manager.outcome(topic, 'one').catch(() => undefined))?.state)
      .toBe('running');
    await writeFile(gate, '');
    const [a, b] = await Promise.all([first, second]);
    expect(b).toEqual(a);
    const third = await world.manager.delegate(topic, prompt, { prompt_id: 'one' });
    expect(third).toEqual(a);
    expect(world.agent.promptsIn(a.session_id ?? '')).toEqual([prompt]);
  });

  test('the same prompt id with another text is refused as PROMPT_ID_REUSED', async () => {
    const topic = aTopic();
    await world.manager.delegate(topic, 'one text', { prompt_id: 'two' });
    const error = await refusal(world.manager.delegate(topic, 'another text', { prompt_id: 'two' }));
    expect(error.code).toBe('PROMPT_ID_REUSED');
  });

  test('an agent that dies in mid-turn is started again and the turn is continued, not sent again', async () => {
    const result = await world.manager.delegate(aTopic(), '[[crash]] work');
    expect(result).toMatchObject({ status: 'completed', recovered: 'continued', attempts: 1 });
    expect(world.agent.promptsIn(result.session_id ?? '')).toEqual(['[[crash]] work']);
  });
});

describe('promise 3: one at a time, in order', () => {
  test('a prompt waits for the one before it, and the view shows both', async () => {
    const topic = aTopic();
    const gate = join(world.dir, randomUUID());
    await world.manager.submit(topic, `[[until: ${gate}]] first`, { prompt_id: 'first' });
    await world.manager.submit(topic, 'second', { prompt_id: 'second' });
    await expect.poll(async () => (await world.manager.view(topic)).running?.session_id ?? null).not.toBeNull();
    const view = await world.manager.view(topic);
    expect(view).toMatchObject({
      state: 'running',
      running: { prompt_id: 'first', turn: 1 },
      queue: [{ prompt_id: 'second' }],
    });
    expect(await world.manager.outcome(topic, 'second')).toEqual({ state: 'queued', prompt_id: 'second', position: 1 });
    await writeFile(gate, '');
    expect(await world.manager.wait(topic, 'second')).toMatchObject({ turn: 2, status: 'completed' });
  });

  test('a signal that was taken before any worker came is before an update that waited for one', async () => {
    const topic = aTopic();
    await world.stopWorker();
    const waiting = world.manager.delegate(topic, 'by update', { prompt_id: 'second' });
    await expect
      .poll(() =>
        world.client.workflow
          .getHandle(`topic/${topic}`)
          .describe()
          .then(
            ({ status }) => status.name,
            () => 'none',
          ),
      )
      .toBe('RUNNING');
    await world.client.workflow
      .getHandle(`topic/${topic}`)
      .signal('prompt', { prompt: 'by signal', prompt_id: 'first' });
    await world.startWorker();
    expect(await waiting).toMatchObject({ turn: 2 });
    expect(await world.manager.wait(topic, 'first')).toMatchObject({ turn: 1, session: { kind: 'new' } });
  });
});

describe('promise 4: the id on every outcome', () => {
  test('a failed turn is a result with the session id, and the topic works afterwards', async () => {
    const topic = aTopic();
    const failed = await world.manager.delegate(topic, '[[fail: AGENT_AUTH]] x');
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'AGENT_AUTH' } });
    expect(failed.session_id).toMatch(/^ses_/);
    expect(await world.manager.delegate(topic, 'again')).toMatchObject({
      status: 'completed',
      session_id: failed.session_id,
    });
  });

  test('a cancelled turn is a result with the session id, and the session goes on', async () => {
    const topic = aTopic();
    const turn = world.manager.delegate(topic, '[[hang]] x', { prompt_id: 'hangs' });
    await expect.poll(async () => (await world.manager.progress(topic).catch(() => undefined))?.step).toBe('reading');
    expect(await world.manager.cancel(topic)).toEqual({ prompt_id: 'hangs', effect: 'stopping' });
    const cancelled = await turn;
    expect(cancelled).toMatchObject({ status: 'cancelled', error: { code: 'CANCELLED' } });
    expect(await world.manager.delegate(topic, 'go on')).toMatchObject({
      status: 'completed',
      session_id: cancelled.session_id,
      session: { kind: 'resumed' },
    });
  });

  test('a queued prompt can be taken out, and its caller is told', async () => {
    const topic = aTopic();
    const gate = join(world.dir, randomUUID());
    await world.manager.submit(topic, `[[until: ${gate}]] first`);
    const queued = world.manager.delegate(topic, 'second', { prompt_id: 'out' });
    await expect.poll(async () => (await world.manager.outcome(topic, 'out')).state).toBe('queued');
    expect(await world.manager.cancel(topic, 'out')).toEqual({ prompt_id: 'out', effect: 'removed' });
    expect(await queued).toMatchObject({ status: 'cancelled', turn: 0 });
    await writeFile(gate, '');
    expect((await world.manager.delegate(topic, 'third')).turn).toBe(2);
  });

  test('a turn over its time is stopped and ends as TURN_TIMED_OUT, one without progress as TURN_STALLED', async () => {
    await world.stopWorker();
    await world.startWorker({
      config: { limits: { ...world.config.limits, turnTimeoutMs: 1000, stallTimeoutMs: 60_000 } },
    });
    expect(await world.manager.delegate(aTopic(), '[[hang]] x')).toMatchObject({
      status: 'failed',
      error: { code: 'TURN_TIMED_OUT' },
    });
    await world.stopWorker();
    await world.startWorker({
      config: { limits: { ...world.config.limits, turnTimeoutMs: 60_000, stallTimeoutMs: 1000 } },
    });
    const stalled = await world.manager.delegate(aTopic(), '[[hang]] x');
    expect(stalled).toMatchObject({ status: 'failed', error: { code: 'TURN_STALLED' } });
    expect(stalled.session_id).toMatch(/^ses_/);
    await world.stopWorker();
    await world.startWorker();
  });
});

describe('promise 5: never silently fresh', () => {
  test('the first prompt opens a session, the second resumes it, and each says so', async () => {
    const topic = aTopic();
    const first = await world.manager.delegate(topic, 'Add login endpoint');
    const second = await world.manager.delegate(topic, 'Fix: add rate limiting');
    expect(first.session).toEqual({ kind: 'new' });
    expect(second.session).toEqual({ kind: 'resumed' });
    expect(second.session_id).toBe(first.session_id);
    expect(second.reply).toContain('the first was: Add login endpoint');
  });

  test('two topics have two sessions', async () => {
    const [a, b] = await Promise.all([world.manager.delegate(aTopic(), 'a'), world.manager.delegate(aTopic(), 'b')]);
    expect(a.session_id).not.toBe(b.session_id);
  });

  test.each([
    [{ cwd: tmpdir() }, 'cwd_changed'],
    [{ session: 'new', reason: 'a fresh look' } as const, 'a fresh look'],
  ])('what %o asks for opens a new session on the topic, and says why', async (options, reason) => {
    const topic = aTopic();
    const first = await world.manager.delegate(topic, 'one', { category: 'quick', agent: 'fake' });
    const second = await world.manager.delegate(topic, 'two', options);
    expect(second.session).toEqual({ kind: 'new', reason });
    expect(second.session_id).not.toBe(first.session_id);
  });

  test('another model, category or set of skills goes on in the session, and what changed is said and stays', async () => {
    const topic = aTopic();
    const first = await world.manager.delegate(topic, 'one', { category: 'quick', agent: 'fake' });
    const { session_id } = first;
    const second = await world.manager.delegate(topic, 'two', { model: 'a/b' });
    expect(second).toMatchObject({ session_id, session: { kind: 'resumed', changed: { model: 'a/b' } }, model: 'a/b' });
    const third = await world.manager.delegate(undefined, 'three', { session_id, category: 'deep', skills: ['x'] });
    expect(third).toMatchObject({
      ...{ session_id, category: 'deep' },
      session: { kind: 'resumed', changed: { category: 'deep', skills: ['x'] } },
    });
    const fourth = await world.manager.delegate(topic, 'four');
    expect(fourth).toMatchObject({ session_id, session: { kind: 'resumed' }, category: 'deep' });
    expect(fourth.reply).toContain('the first was: one');
  });

  test('settings with which no turn was completed do not stay', async () => {
    const topic = aTopic();
    const { session_id, model } = await world.manager.delegate(topic, 'one');
    const failed = await world.manager.delegate(topic, '[[fail: MODEL_FAILED]] two', { model: 'not/there' });
    expect(failed).toMatchObject({ session_id, status: 'failed', session: { changed: { model: 'not/there' } } });
    const third = await world.manager.delegate(topic, 'three');
    expect(third).toMatchObject({ session_id, session: { kind: 'resumed' }, status: 'completed' });
    expect([third.model, third.session.changed]).toEqual([model, undefined]);
    expect((await world.manager.view(topic)).sessions).toHaveLength(1);
  });

  test('a bare session id finds its session, also when it is not the current one of its topic', async () => {
    const topic = aTopic();
    const first = await delegateTask(world.manager, { topic, category: 'quick', prompt: 'one' });
    const second = await delegateTask(world.manager, { topic, session: 'new', prompt: 'two' });
    const back = await delegateTask(world.manager, { session_id: first.session_id, prompt: 'Fix: one' });
    expect(back).toMatchObject({
      session_id: first.session_id,
      topic,
      session: { kind: 'resumed' },
      category: 'quick',
    });
    expect((await world.manager.view(topic)).session_id).toBe(second.session_id);
  });

  test('a delegation with neither topic nor session has a topic of its own, and is followed up by session id', async () => {
    const first = await delegateTask(world.manager, { category: 'quick', prompt: 'Add User model' });
    expect(first.topic).toBe(`task-${first.prompt_id}`);
    const second = await delegateTask(world.manager, {
      task_id: first.session_id,
      prompt: 'Fix: Missing email field validation',
    });
    expect(second).toMatchObject({ topic: first.topic, session_id: first.session_id, turn: 2 });
  });

  test('a session id of a closed topic opens the topic again, with what was pinned', async () => {
    const topic = aTopic();
    const first = await world.manager.delegate(topic, 'one', { category: 'deep' });
    await world.manager.close(topic);
    await expect
      .poll(async () => (await world.client.workflow.getHandle(`topic/${topic}`).describe()).status.name)
      .toBe('COMPLETED');
    const again = await delegateTask(world.manager, { session_id: first.session_id, prompt: 'two' });
    expect(again).toMatchObject({
      topic,
      session_id: first.session_id,
      category: 'deep',
      turn: 2,
      session: { kind: 'resumed' },
    });
    expect(await world.manager.delegate(topic, 'three')).toMatchObject({ session_id: first.session_id });
  });

  test.each(['ses_unheard_of', `' OR "1 *`])(
    'a session id that nobody knows (%s) is refused as SESSION_UNKNOWN, and nothing is started',
    async (session_id) => {
      const error = await refusal(delegateTask(world.manager, { session_id, prompt: 'x' }));
      expect(error.code).toBe('SESSION_UNKNOWN');
    },
  );

  test('a session id and a topic that disagree are refused', async () => {
    const { session_id } = await world.manager.delegate(aTopic(), 'one');
    const other = aTopic();
    const error = await refusal(world.manager.delegate(other, 'x', { session_id }));
    expect(error.code).toBe('SESSION_PINNED');
    expect((await refusal(world.manager.view(other))).code).toBe('TOPIC_UNKNOWN');
  });
});

describe('promise 6: pinned', () => {
  test('a session id with another agent or directory is refused as SESSION_PINNED, naming both', async () => {
    const { session_id } = await world.manager.delegate(aTopic(), 'one', { category: 'quick' });
    for (const options of [{ agent: 'other' }, { cwd: '/' }]) {
      const error = await refusal(world.manager.delegate(undefined, 'x', { session_id, ...options }));
      expect(error.code).toBe('SESSION_PINNED');
      expect(error.message).toContain(Object.values(options)[0]);
    }
  });

  test('a directory that is named by a link goes on in its session as often as it is named so', async () => {
    const link = join(world.dir, `link-${randomUUID()}`);
    await symlink(world.dir, link);
    const topic = aTopic();
    const first = await world.manager.delegate(topic, 'one', { cwd: link });
    for (const cwd of [link, world.dir])
      expect(await world.manager.delegate(topic, 'again', { cwd })).toMatchObject({
        session: { kind: 'resumed' },
        session_id: first.session_id,
      });
    expect(
      await world.manager.delegate(undefined, 'by its id', { session_id: first.session_id, cwd: link }),
    ).toMatchObject({ status: 'completed' });
  });

  test('the same topic name from another project is refused as TOPIC_ELSEWHERE, naming both', async () => {
    const topic = aTopic();
    await world.manager.delegate(topic, 'one');
    const elsewhere = await world.connect({ cwd: '/', config: { ...world.config, project: 'another' } });
    const error = await refusal(elsewhere.delegate(topic, 'two'));
    expect(error).toMatchObject({ code: 'TOPIC_ELSEWHERE' });
    expect(error.message).toContain('another');
  });
});

describe('bad input is refused before anything starts', () => {
  test.each([
    ['an empty prompt', '', {}, 'INVALID_PROMPT'],
    ['a blank prompt', ' \n ', {}, 'INVALID_PROMPT'],
    ['a prompt over 64 KiB', 'é'.repeat(33_000), {}, 'PROMPT_TOO_LARGE'],
    ['an unknown category', 'x', { category: 'nope' }, 'CATEGORY_UNKNOWN'],
    ['an unknown agent', 'x', { agent: 'nope' }, 'AGENT_UNKNOWN'],
    ['the session id of a turn that opened none', 'x', { session_id: null }, 'INVALID_PROMPT'],
    ['a session id with new', 'x', { session_id: 'ses_x', session: 'new' } as const, 'INVALID_PROMPT'],
  ])('%s', async (_what, prompt, options, code) => {
    const topic = aTopic();
    const error = await refusal(world.manager.delegate(topic, prompt, options));
    expect(error.code).toBe(code);
    expect(error.fix).not.toBe('');
    expect((await refusal(world.manager.view(topic))).code).toBe('TOPIC_UNKNOWN');
  });

  test('a working directory that does not exist is a failed result without a session', async () => {
    const result = await world.manager.delegate(aTopic(), 'x', { cwd: '/not/there' });
    expect(result).toMatchObject({ status: 'failed', session_id: null, error: { code: 'CWD_MISSING' } });
  });

  test('signals of any shape are tolerated, noted, and the topic works as before', async () => {
    const topic = aTopic();
    await world.manager.delegate(topic, 'one');
    const handle = world.client.workflow.getHandle(`topic/${topic}`);
    const bad: unknown[][] = [
      [null],
      [42],
      [[]],
      [{ promt: 'x' }],
      [{ prompt: 7 }],
      [],
      [{ prompt: 'x'.repeat(70_000) }],
      [{ prompt: 'x', prompt_id: '' }],
    ];
    for (const args of bad) await handle.signal('prompt', ...args);
    await handle.signal('prompt', 'a bare string');
    await handle.signal('prompt', { prompt: 'an object', prompt_id: 'signalled' });
    expect(await world.manager.wait(topic, 'signalled')).toMatchObject({ status: 'completed', turn: 3 });
    const view = await world.manager.view(topic);
    expect(view.refused).toHaveLength(bad.length);
    expect(view.refused.map(({ error }) => error.code)).toContain('PROMPT_TOO_LARGE');
  });

  test('a bare signal-with-start from any language opens a topic', async () => {
    const topic = aTopic();
    await world.client.workflow.signalWithStart('topicSession', {
      workflowId: `topic/${topic}`,
      taskQueue: 'continuity',
      signal: 'prompt',
      signalArgs: [{ prompt: 'hi', prompt_id: 'foreign' }],
    });
    expect(await world.manager.wait(topic, 'foreign')).toMatchObject({ status: 'completed', session: { kind: 'new' } });
  });
});
