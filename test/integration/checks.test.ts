/**
 * The verification loop: a turn, its checks, and the same session again until they pass; through
 * cancels and crashes, and only what may run.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { SessionManager } from '../../src/client/session-manager.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.dispose());

const fileOf = (name: string) => join(world.dir, name);

/** Fails until the session has made the file that its output asks for. */
function checkFor(file: string) {
  return { run: `test -e ${file} || { echo "missing: [[touch: ${file}]]"; exit 3; }` };
}

async function eventsOf(topic: string): Promise<number> {
  const { events } = await world.client.workflow.getHandle(`topic/${topic}`).fetchHistory();
  return events?.length ?? 0;
}

test('what a check finds goes back to the same session until it passes; one outcome tells every round', async () => {
  const topic = randomUUID();
  const [one, two] = [fileOf(`${topic}.1`), fileOf(`${topic}.2`)];
  const result = await world.manager.delegate(topic, 'Add a model', {
    prompt_id: 'model',
    checks: [{ run: 'true' }, checkFor(one), checkFor(two)],
  });
  expect(result).toMatchObject({
    prompt_id: 'model',
    goal: 'Add a model',
    status: 'completed',
    turn: 3,
    session: { kind: 'new' },
    checks: { passed: true, max_fixes: 3 },
  });
  const rounds = result.checks?.rounds ?? [];
  expect(rounds.map(({ turn, prompt_id, ran }) => [turn, prompt_id, ran.map(({ exit_code }) => exit_code)])).toEqual([
    [1, 'model', [0, 3]],
    [2, '@fix/1/model', [0, 0, 3]],
    [3, '@fix/2/model', [0, 0, 0]],
  ]);
  expect(rounds.flatMap(({ ran }) => ran).some(({ output }) => output)).toBe(false);
  expect(rounds.reduce((sum, { duration_ms }) => sum + duration_ms, 0)).toBeLessThanOrEqual(result.duration_ms);
  const prompts = world.agent.promptsIn(result.session_id ?? '');
  expect(prompts).toEqual([
    'Add a model',
    expect.stringContaining(`ended with exit code 3. Its output:\n\nmissing: [[touch: ${one}]]\n\nFix.`),
    expect.stringContaining(two),
  ]);
  expect(prompts[1]).toMatch(/^Failed: `test -e /);

  const view = await world.manager.view(topic);
  expect(view).toMatchObject({ state: 'idle', turns: 3, sessions: [{ turns: 3 }] });
  expect(view.outcomes).toEqual([result]);
  // The same prompt again attaches, another request under its id is refused, and callers cannot use
  // the id of a round.
  const checks = [{ run: 'true' }, checkFor(one), checkFor(two)];
  expect(await world.manager.delegate(topic, 'Add a model', { prompt_id: 'model', checks })).toEqual(result);
  await expect(world.manager.delegate(topic, 'Add a model', { prompt_id: 'model' })).rejects.toMatchObject({
    code: 'PROMPT_ID_REUSED',
  });
  await expect(world.manager.delegate(topic, 'mine', { prompt_id: '@fix/1/model' })).rejects.toMatchObject({
    code: 'INVALID_PROMPT',
  });
});

test('a bound ends it as CHECKS_FAILED, with the last output; the topic goes on', async () => {
  const topic = randomUUID();
  const result = await world.manager.delegate(topic, 'Try', {
    checks: [{ run: 'echo "never good"; exit 1' }],
    max_fixes: 2,
  });
  expect(result).toMatchObject({
    status: 'failed',
    turn: 3,
    error: {
      code: 'CHECKS_FAILED',
      message: '`echo "never good"; exit 1` ended with exit code 1. 2 fixes did not help.',
    },
  });
  expect(result.checks?.rounds.map(({ ran }) => ran[0]?.output)).toEqual([undefined, undefined, 'never good']);
  const unfixed = await world.manager.delegate(topic, 'Only look', { checks: [{ run: 'exit 1' }], max_fixes: 0 });
  expect(unfixed).toMatchObject({
    status: 'failed',
    turn: 4,
    session_id: result.session_id,
    error: { message: '`exit 1` ended with exit code 1. No fix was asked for.' },
  });
  expect(await world.manager.delegate(topic, 'go on')).toMatchObject({
    status: 'completed',
    turn: 5,
    session: { kind: 'resumed' },
  });
});

test('a turn that fails is not checked, and its failure is the outcome', async () => {
  const never = fileOf(randomUUID());
  const result = await world.manager.delegate(randomUUID(), 'x [[fail: MODEL_FAILED]]', {
    checks: [{ run: `touch ${never}` }],
  });
  expect(result).toMatchObject({
    status: 'failed',
    error: { code: 'MODEL_FAILED' },
    checks: { passed: false, rounds: [{ turn: 1, status: 'failed', ran: [] }] },
  });
  expect(existsSync(never)).toBe(false);
});

test('a round costs at most 12 events beyond its turn', async () => {
  const events = async (checks?: { run: string }[]) => {
    const topic = randomUUID();
    await world.manager.delegate(topic, 'begin');
    const before = await eventsOf(topic);
    await world.manager.delegate(topic, 'work', { ...(checks && { checks }) });
    return (await eventsOf(topic)) - before;
  };
  const bare = await events();
  expect((await events([{ run: 'true' }, { run: 'true' }])) - bare).toBeLessThanOrEqual(12);
  const fixed = await events([checkFor(fileOf(randomUUID()))]);
  expect(fixed - 2 * bare).toBeLessThanOrEqual(2 * 12);
});

describe('while a check runs', () => {
  /** A topic whose check runs until the gate is there, with a prompt behind it. */
  async function checking() {
    const topic = randomUUID();
    const [pid, gate] = [fileOf(`${topic}.pid`), fileOf(`${topic}.gate`)];
    const check = { run: `echo working; echo $$ > ${pid}; until test -e ${gate}; do sleep 0.05; done` };
    await world.manager.submit(topic, 'work', { prompt_id: 'work', checks: [check] });
    await world.manager.submit(topic, 'queued', { prompt_id: 'queued' });
    await expect.poll(() => existsSync(pid) && readFileSync(pid, 'utf8')).toMatch(/\d+\n/);
    return { topic, pid: Number(readFileSync(pid, 'utf8')), pidFile: pid, open: () => writeFileSync(gate, '') };
  }
  const runs = (pid: number) => existsSync(`/proc/${pid}`);

  test('the topic shows it, and what is queued waits for the end of the loop', async () => {
    const { topic, open } = await checking();
    expect(await world.manager.view(topic)).toMatchObject({
      state: 'running',
      running: { prompt_id: 'work', turn: 1, checking: true },
      queue: [{ prompt_id: 'queued' }],
    });
    expect(await world.manager.outcome(topic, 'work')).toMatchObject({ state: 'running' });
    await expect
      .poll(() => world.manager.progress(topic))
      .toMatchObject({ step: expect.stringMatching(/^check: echo working/) as string, text_tail: 'working' });
    open();
    expect(await world.manager.wait(topic, 'queued')).toMatchObject({ turn: 2 });
    expect(await world.manager.wait(topic, 'work')).toMatchObject({
      status: 'completed',
      turn: 1,
      checks: { passed: true },
    });
  });

  test('cancel ends it, with its processes, and the outcome says why', async () => {
    const { topic, pid } = await checking();
    await world.manager.cancel(topic, 'work', { reason: 'enough' });
    const result = await world.manager.wait(topic, 'work');
    expect(result).toMatchObject({
      status: 'cancelled',
      error: { code: 'CANCELLED', message: 'The turn was cancelled: enough' },
      reply: expect.stringContaining('work') as string,
      checks: { passed: false },
    });
    expect(runs(pid)).toBe(false);
    expect(await world.manager.wait(topic, 'queued')).toMatchObject({ status: 'completed' });
  });

  test('a worker that stops lets it be run again by the next, and the loop goes on', async () => {
    const { topic, pid, open, pidFile } = await checking();
    await world.stopWorker();
    expect(runs(pid)).toBe(false);
    writeFileSync(pidFile, '');
    await world.startWorker();
    await expect.poll(() => readFileSync(pidFile, 'utf8')).toMatch(/\d+/);
    expect(Number(readFileSync(pidFile, 'utf8'))).not.toBe(pid);
    open();
    const result = await world.manager.wait(topic, 'work');
    expect(result).toMatchObject({ status: 'completed', turn: 1 });
    expect(world.agent.promptsIn(result.session_id ?? '')).toHaveLength(2);
  });
});

describe('which commands may run', () => {
  const ranBy = async (manager: SessionManager, options: object = {}) => {
    const ran = fileOf(randomUUID());
    const result = await manager.delegate(randomUUID(), 'work', { checks: [{ run: `touch ${ran}` }], ...options });
    return { result, ran: existsSync(ran) };
  };
  afterEach(async () => {
    await world.stopWorker();
    await world.startWorker();
  });

  test('any, for a caller who can read the data directory; none for others, and their prompt is not put in', async () => {
    expect(await ranBy(world.manager)).toMatchObject({ ran: true });
    const stranger = await world.connect({ signsChecks: false });
    const { result, ran } = await ranBy(stranger);
    expect(result).toMatchObject({
      status: 'failed',
      error: {
        code: 'CHECK_NOT_ALLOWED',
        message: expect.stringContaining('may not run on host host-1: no pattern of checks.allow') as string,
      },
    });
    expect(ran).toBe(false);
    expect(world.agent.promptsIn(result.session_id ?? '')).toEqual([]);

    const elsewhere = await world.connect({ config: { ...world.config, dataDir: fileOf('another-data-dir') } });
    expect(await ranBy(elsewhere)).toMatchObject({ ran: false, result: { error: { code: 'CHECK_NOT_ALLOWED' } } });
  });

  test('what config lists, for everybody; and nothing else, even here, where it says "listed"', async () => {
    await world.stopWorker();
    await world.startWorker({ config: { checks: { allow: ['touch *'], local: 'listed' } } });
    expect(await ranBy(await world.connect({ signsChecks: false }))).toMatchObject({ ran: true });
    const barred = await world.manager.delegate(randomUUID(), 'work', { checks: [{ run: 'touch x; id' }] });
    expect(barred).toMatchObject({
      error: { code: 'CHECK_NOT_ALLOWED', message: expect.stringContaining('checks.local "listed"') as string },
    });
  });

  test('a signal from another language is a stranger', async () => {
    const topic = randomUUID();
    const signalArgs: [object] = [{ prompt: 'work', prompt_id: 'p', checks: [{ run: 'true' }] }];
    await world.client.workflow.signalWithStart('topicSession', {
      workflowId: `topic/${topic}`,
      taskQueue: 'continuity',
      signal: 'prompt',
      signalArgs,
    });
    expect(await world.manager.wait(topic, 'p')).toMatchObject({ error: { code: 'CHECK_NOT_ALLOWED' } });
  });
});

test.each([
  [{ checks: [] }, 'checks'],
  [{ checks: [{ run: ' ' }] }, 'checks'],
  [{ checks: [{ run: 'true', timeout: 'soon' }] }, 'checks'],
  [{ checks: [{ run: 'true', timeout: 10 }] }, 'checks'],
  [{ checks: [{ run: 'true', timeout: '25h' }] }, 'checks'],
  [{ checks: [{ run: 'true', times: 3 }] }, 'checks'],
  [{ checks: 'npm test' }, 'checks'],
  [{ checks: [{ run: 'true' }], max_fixes: 21 }, 'max_fixes'],
  [{ checks: [{ run: 'true' }], max_fixes: 1.5 }, 'max_fixes'],
  [{ max_fixes: 1 }, 'max_fixes'],
])('%j is refused, and names %s', async (options, field) => {
  const topic = randomUUID();
  await expect(world.manager.delegate(topic, 'work', options as object)).rejects.toMatchObject({
    code: 'INVALID_PROMPT',
    message: expect.stringContaining(`"${field}"`) as string,
  });
  await expect(world.manager.view(topic)).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' });
});
