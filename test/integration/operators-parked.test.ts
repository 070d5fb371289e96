/**
 * What an operator does to a topic that waits, whose queue is parked, that goes on with another
 * model, or that is paused: nothing is put in twice, lost, or ended without a word.
 */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as messages from '../../src/contract/messages.js';
import { findTemporal } from '../../src/stack/temporal-binary.js';
import { topicsIn } from '../support/topics-that-wait.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let program: string;
beforeAll(async () => {
  const extraArgs = ['--dynamic-config-value', 'frontend.WorkflowPauseEnabled=true'];
  [world, { path: program }] = await Promise.all([startWorld({ worker: false, extraArgs }), findTemporal()]);
  await startWorker();
});
afterAll(() => world?.dispose());

async function startWorker(): Promise<void> {
  const fake = { kind: 'opencode', model: 'fake/a', fallbackModels: ['fake/b'] } as const;
  await world.startWorker({
    config: { agents: { ...world.config.agents, fake: { ...fake, fallbackModels: [...fake.fallbackModels] } } },
  });
}

const temporal = (...args: string[]) =>
  execa(program, [...args, '--address', world.address], { input: 'y\n', timeout: 60_000 });
const workflow = (verb: string, topic: string, ...args: string[]) =>
  temporal('workflow', verb, '--workflow-id', `topic/${topic}`, ...args);
const { handleOf, viewOf, waitingOf, askOf, answer, nowWaiting } = topicsIn(() => world);
const asked = (topic: string, text: string) => askOf(topic, (ask) => ask.text === text);
const reset = (topic: string, type: string, ...more: string[]) =>
  workflow('reset', topic, '--type', type, '--reason', 'a person', ...more);

test('a reset takes no old cancel for one of the turn that asks now', async () => {
  const topic = randomUUID();
  await world.manager.submit(topic, '[[ask: bash | before]] go', { prompt_id: 'before' });
  await asked(topic, 'before');
  await world.manager.cancel(topic);
  const { session_id } = await world.manager.wait(topic, 'before');
  await world.manager.cancel(topic);
  const prompt = '[[ask: bash | now]] go';
  await world.manager.submit(topic, prompt, { prompt_id: 'now' });
  const { ask_id } = await asked(topic, 'now');
  await handleOf(topic).signal(messages.answerSignal, { decision: 'allow', ask_id: 'another' });
  await reset(topic, 'FirstWorkflowTask');
  await expect.poll(async () => (await viewOf(topic).catch(() => undefined))?.refused.length).toBe(2);
  await expect.poll(async () => (await asked(topic, 'now')).ask_id).toBe(ask_id);
  await answer(topic, 'allow');
  expect(await world.manager.wait(topic, 'now')).toMatchObject({ status: 'completed', session_id });
  expect(world.agent.promptsIn(`${session_id}`)).toEqual(['[[ask: bash | before]] go', prompt]);
});

describe('a queue that is parked for a login', () => {
  async function parked() {
    const topic = randomUUID();
    const [gate, login] = [join(world.dir, randomUUID()), join(world.dir, randomUUID())];
    const prompts = ['before', `[[until: ${gate}]] [[login: ${login}]]`];
    const queued = ['two', 'three'].map((text) => `[[login: ${login}]] ${text}`);
    const { session_id } = await world.manager.delegate(topic, 'before');
    await world.manager.submit(topic, `${prompts[1]}`, { prompt_id: 'one' });
    for (const [at, text] of queued.entries()) await world.manager.submit(topic, text, { prompt_id: `queued-${at}` });
    await writeFile(gate, '');
    await waitingOf(topic, 'agent');
    await world.manager.retry(topic);
    await waitingOf(topic, 'agent');
    return {
      ...{ topic, logIn: () => writeFile(login, '') },
      outcomes: () => Promise.all(['one', 'queued-0', 'queued-1'].map((id) => world.manager.wait(topic, id))),
      prompts: () => world.agent.promptsIn(`${session_id}`),
      expected: [...prompts, ...queued],
    };
  }

  test.each([
    ['FirstWorkflowTask', []],
    ['LastWorkflowTask', []],
    ['FirstWorkflowTask', ['--reapply-exclude', 'All']],
  ])('outlives a reset to %s %j, in its order, and each prompt is put in once', async (type, more) => {
    const queue = await parked();
    const { runId } = await handleOf(queue.topic).describe();
    await reset(queue.topic, type, ...more);
    await expect.poll(async () => (await handleOf(queue.topic).describe()).runId).not.toBe(runId);
    await waitingOf(queue.topic, 'agent');
    await queue.logIn();
    expect(await world.manager.retry(queue.topic)).toEqual({ effect: 'retrying' });
    expect((await queue.outcomes()).map(({ status, error }) => error?.code ?? status)).toEqual([
      'AGENT_AUTH',
      'completed',
      'completed',
    ]);
    expect(queue.prompts()).toEqual(queue.expected);
  });

  test('ends with a termination: what was not put in is cancelled, and the next prompt goes on', async () => {
    const queue = await parked();
    await workflow('terminate', queue.topic, '--reason', 'a person');
    await queue.logIn();
    expect(await world.manager.delegate(queue.topic, 'next')).toMatchObject({ status: 'completed' });
    expect((await queue.outcomes()).map(({ error }) => error?.code)).toEqual([
      'AGENT_AUTH',
      'OUTCOME_UNKNOWN',
      'CANCELLED',
    ]);
    expect(queue.prompts()).toEqual([...queue.expected.slice(0, 3), 'next']);
  });
});

test('a turn that asks after a fall-back says so in its result, although another worker follows its answer', async () => {
  const topic = randomUUID();
  const prompt = '[[spent: fake/a]] [[ask: bash | x]] go';
  await world.manager.submit(topic, prompt, { prompt_id: 'work' });
  await asked(topic, 'x');
  await world.stopWorker();
  await startWorker();
  await answer(topic, 'allow');
  const result = await world.manager.wait(topic, 'work');
  expect(result).toMatchObject({ status: 'completed', model: 'fake/b', fell_back_from: 'fake/a' });
  expect(world.agent.promptsIn(`${result.session_id}`)).toEqual([prompt]);
});

test.each([
  [
    'answered',
    [
      {
        ask: { ask_id: 'ask', kind: 'permission', text: 'x', takes: ['allow'] },
        answer: { decision: 'allow', text: 5 },
        by: 'person',
      },
    ],
  ],
  ['left_behind', [{ pid: 1, command: {}, since: 'now' }]],
  ['waits', { for: 'quota', most_ms: 1e18, worked_ms: 0, until: '9999-12-31T00:00:00Z' }],
])('a turn that is completed by hand, with %s that no worker sends, wedges no topic', async (name, value) => {
  const topic = randomUUID();
  await world.manager.submit(topic, '[[hang]] go', { prompt_id: 'work' });
  const running = async () =>
    (await handleOf(topic).describe()).raw.pendingActivities?.find((one) => one.activityType?.name === 'runTurn');
  await expect.poll(async () => (await running())?.activityId).toBeTruthy();
  const result = JSON.stringify({ status: 'completed', reply: 'by hand', [name]: value });
  const activity = ['--workflow-id', `topic/${topic}`, '--activity-id', `${(await running())?.activityId}`];
  await temporal('activity', 'complete', ...activity, '--result', result);
  expect(await world.manager.wait(topic, 'work')).toMatchObject({ status: 'completed', reply: 'by hand' });
  expect(await world.manager.delegate(topic, 'next')).toMatchObject({ status: 'completed' });
});

describe('a topic that is paused in Temporal', () => {
  test('is said so on every surface, takes prompts, and goes on where it was', async () => {
    const topic = randomUUID();
    await world.manager.submit(topic, '[[ask: bash | x]] go', { prompt_id: 'work' });
    await asked(topic, 'x');
    await workflow('pause', topic, '--reason', 'a person');
    const paused = { code: 'TOPIC_STUCK', message: expect.stringContaining('was paused') as string };
    const { manager } = world;
    for (const call of [
      () => manager.answer(topic, { decision: 'allow' }),
      () => manager.retry(topic),
      () => manager.cancel(topic),
      () => manager.close(topic),
      () => manager.view(topic),
      () => manager.outcome(topic, 'work'),
      () => manager.reply(topic, 'work'),
    ])
      await expect(call()).rejects.toMatchObject(paused);
    const listed = async () => {
      for await (const one of manager.list()) if (one.topic === topic) return one;
      return undefined;
    };
    await expect.poll(listed).toMatchObject({ state: 'waiting', problem: paused });
    expect(await manager.submit(topic, 'next', { prompt_id: 'next' })).toMatchObject({ status: 'accepted' });
    await workflow('unpause', topic, '--reason', 'a person');
    await expect.poll(() => nowWaiting(topic)).toBeTruthy();
    await answer(topic, 'allow');
    expect(await manager.wait(topic, 'work')).toMatchObject({ status: 'completed', reply: 'The answers: allow' });
    expect(await manager.wait(topic, 'next')).toMatchObject({ status: 'completed' });
  });

  test('lets its turn go on, and takes its outcome once it is unpaused', async () => {
    const topic = randomUUID();
    const gate = join(world.dir, randomUUID());
    const prompt = `[[until: ${gate}]] [[say: Done.]] go`;
    const { session_id } = await world.manager.delegate(topic, 'before');
    await world.manager.submit(topic, prompt, { prompt_id: 'work' });
    await expect.poll(async () => (await world.manager.progress(topic).catch(() => undefined))?.step).toBe('reading');
    await workflow('pause', topic, '--reason', 'a person');
    await writeFile(gate, '');
    await expect.poll(() => world.agent.outcomeIn(`${session_id}`, prompt)).toBe('completed');
    await workflow('unpause', topic, '--reason', 'a person');
    expect(await world.manager.wait(topic, 'work')).toMatchObject({ status: 'completed', reply: 'Done.' });
    expect(world.agent.promptsIn(`${session_id}`)).toEqual(['before', prompt]);
  });
});
