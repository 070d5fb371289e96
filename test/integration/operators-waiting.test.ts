/**
 * What an operator does to a topic whose turn waits for a person or for a quota, while no activity
 * runs: no prompt is put in twice, each is answered in the end, and no old answer is taken for a new
 * ask.
 */
import { randomUUID } from 'node:crypto';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as messages from '../../src/contract/messages.js';
import { findTemporal } from '../../src/stack/temporal-binary.js';
import { topicsIn } from '../support/topics-that-wait.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let program: string;
beforeAll(async () => {
  [world, { path: program }] = await Promise.all([startWorld(), findTemporal()]);
});
afterAll(() => world?.dispose());

const workflow = (verb: string, topic: string, ...args: string[]) =>
  execa(program, ['workflow', verb, '--workflow-id', `topic/${topic}`, ...args, '--address', world.address], {
    input: 'y\n',
    timeout: 60_000,
  });
const { handleOf, viewOf, waitingOf, askOf, answer } = topicsIn(() => world);
const statusOf = async (topic: string) => (await handleOf(topic).describe()).status.name;
const asked = (topic: string, text: string) => askOf(topic, (ask) => ask.text === text);

/** A topic with a session, whose turn asks for `a`, and then for `b`. */
async function asking(prompt = '[[ask: bash | a]] [[ask: bash | b]] go') {
  const topic = randomUUID();
  const { session_id } = await world.manager.delegate(topic, 'before', { prompt_id: 'before' });
  const session = `${session_id}`;
  await world.manager.submit(topic, prompt, { prompt_id: 'work' });
  await asked(topic, 'a');
  return {
    ...{ topic, prompt, session },
    result: () => world.manager.wait(topic, 'work'),
    prompts: () => world.agent.promptsIn(session),
    ran: () => world.agent.ranIn(session),
    outcomeInSession: () => world.agent.outcomeIn(session, prompt),
  };
}

describe('while a turn asks, an operator who', () => {
  test('requests a cancellation closes the topic, and the agent is stopped', async () => {
    const turn = await asking();
    await world.manager.submit(turn.topic, 'queued', { prompt_id: 'queued' });
    await workflow('cancel', turn.topic);
    await expect.poll(() => statusOf(turn.topic)).toBe('COMPLETED');
    expect(turn.outcomeInSession()).toBe('cancelled');
    for (const id of ['work', 'queued'])
      expect(await world.manager.outcome(turn.topic, id)).toMatchObject({ outcome: { status: 'cancelled' } });
    expect(await world.manager.delegate(turn.topic, 'next')).toMatchObject({
      status: 'completed',
      session_id: turn.session,
    });
    expect(turn.prompts()).toEqual(['before', turn.prompt, 'next']);
  });

  test.each([
    ['in its session', {}],
    ['in another one', { session: 'new' as const }],
  ])('terminates the topic: the next prompt goes on %s, and the agent that asks is stopped', async (_, where) => {
    const turn = await asking();
    await workflow('terminate', turn.topic, '--reason', 'a person');
    expect(await world.manager.delegate(turn.topic, 'next', where)).toMatchObject({ status: 'completed' });
    expect(await world.manager.outcome(turn.topic, 'work')).toMatchObject({
      outcome: { status: 'failed', session_id: turn.session, error: { code: 'OUTCOME_UNKNOWN' } },
    });
    await expect.poll(() => turn.outcomeInSession()).toBe('cancelled');
    expect(turn.ran()).toEqual([]);
  });

  test.each(['FirstWorkflowTask', 'LastWorkflowTask'])(
    'resets the topic to its %s: the prompt is put in once, and an answer is not taken again for another ask',
    async (type) => {
      const turn = await asking();
      await answer(turn.topic, 'allow');
      const { ask_id } = await asked(turn.topic, 'b');
      await handleOf(turn.topic).signal(messages.answerSignal, { decision: 'allow', ask_id: 'another' });
      await workflow('reset', turn.topic, '--type', type, '--reason', 'a person');
      await expect.poll(async () => (await asked(turn.topic, 'b')).ask_id).toBe(ask_id);
      expect(turn.ran()).toEqual(['a']);
      await answer(turn.topic, 'deny');
      expect(await turn.result()).toMatchObject({ status: 'completed', reply: 'The answers: allow; deny' });
      expect(turn.prompts()).toEqual(['before', turn.prompt]);
      expect(turn.ran()).toEqual(['a']);
    },
  );

  test('resets the topic to its start after an answer by signal: it is not taken for the next ask', async () => {
    const turn = await asking();
    await handleOf(turn.topic).signal(messages.answerSignal, 'allow');
    await asked(turn.topic, 'b');
    await workflow('reset', turn.topic, '--type', 'FirstWorkflowTask', '--reason', 'a person');
    await expect.poll(async () => (await viewOf(turn.topic).catch(() => undefined))?.recalling).toBe(undefined);
    await asked(turn.topic, 'b');
    expect(turn.ran()).toEqual(['a']);
    await answer(turn.topic, 'deny');
    expect(await turn.result()).toMatchObject({ status: 'completed', reply: 'The answers: allow; deny' });
    expect(turn.prompts()).toEqual(['before', turn.prompt]);
  });
});

/** The answer to `a` can be lost with the task that took it. It is asked for again then. */
async function deniesB(topic: string): Promise<void> {
  await expect
    .poll(async () => {
      const waiting = (await viewOf(topic).catch(() => undefined))?.running?.waiting;
      if (waiting?.for !== 'answer') return false;
      const { ask_id, text } = waiting.ask;
      await answer(topic, { decision: text === 'a' ? 'allow' : 'deny', ask_id });
      return text === 'b';
    })
    .toBe(true);
}

test(
  'a reset to any task of a turn that has asked twice puts nothing in twice, and no ask gets the answer of another',
  { timeout: 120_000 },
  async () => {
    for (let at = 1, tasks = 2; at <= tasks; at += 1) {
      const turn = await asking();
      await handleOf(turn.topic).signal(messages.answerSignal, 'allow');
      await asked(turn.topic, 'b');
      const { events } = await handleOf(turn.topic).fetchHistory();
      const completed = events?.filter((event) => event.workflowTaskCompletedEventAttributes) ?? [];
      tasks = completed.length;
      await workflow('reset', turn.topic, '--event-id', String(completed[at - 1]?.eventId), '--reason', 'a person');
      await deniesB(turn.topic);
      expect([at, await turn.result()]).toMatchObject([
        at,
        { status: 'completed', reply: 'The answers: allow; deny', session_id: turn.session },
      ]);
      expect([turn.prompts(), turn.ran()]).toEqual([['before', turn.prompt], ['a']]);
    }
  },
);

describe('while a turn asks, a caller who', () => {
  test('closes the topic finishes the turn first; with now, the turn is cancelled', async () => {
    const turn = await asking('[[ask: bash | a]] go');
    expect(await handleOf(turn.topic).executeUpdate(messages.close, { args: [undefined] })).toEqual({ remaining: 1 });
    await answer(turn.topic, 'allow');
    await expect.poll(() => statusOf(turn.topic)).toBe('COMPLETED');
    expect(await turn.result()).toMatchObject({ status: 'completed' });
    const other = await asking();
    await handleOf(other.topic).executeUpdate(messages.close, { args: [{ now: true }] });
    await expect.poll(() => statusOf(other.topic)).toBe('COMPLETED');
    expect(await other.result()).toMatchObject({ status: 'cancelled' });
    expect(other.outcomeInSession()).toBe('cancelled');
  });

  test('forgets the topic ends the turn, and the name is new', async () => {
    const turn = await asking();
    await handleOf(turn.topic).executeUpdate(messages.forget, { args: [undefined] });
    await expect.poll(() => turn.outcomeInSession()).toBe('cancelled');
    expect(await world.manager.delegate(turn.topic, 'next')).toMatchObject({ session: { kind: 'new' } });
  });

  test('interrupts is answered next, and the turn that asked is cancelled', async () => {
    const turn = await asking();
    await world.manager.submit(turn.topic, 'queued', { prompt_id: 'queued' });
    const urgent = await world.manager.delegate(turn.topic, 'urgent', { when: 'interrupt' });
    expect(urgent).toMatchObject({ status: 'completed', session_id: turn.session });
    expect(await turn.result()).toMatchObject({ status: 'cancelled', interrupted_by: urgent.prompt_id });
    expect(await world.manager.wait(turn.topic, 'queued')).toMatchObject({ status: 'completed' });
    expect(turn.prompts()).toEqual(['before', turn.prompt, 'urgent', 'queued']);
    expect(turn.ran()).toEqual([]);
  });

  test('cancels while no worker runs: the turn ends once one does', async () => {
    const turn = await asking();
    await world.stopWorker();
    const cancelled = world.manager.cancel(turn.topic);
    const answered = handleOf(turn.topic).signal(messages.answerSignal, 'allow');
    await answered;
    await world.startWorker();
    await cancelled;
    expect(['cancelled', 'completed']).toContain((await turn.result()).status);
    expect(await world.manager.delegate(turn.topic, 'next')).toMatchObject({ status: 'completed' });
    expect(turn.prompts()).toEqual(['before', turn.prompt, 'next']);
    expect(turn.ran().length).toBeLessThanOrEqual(1);
  });
});

test('a turn that waits for a quota outlives a reset and the stop of its worker, and is put in once', async () => {
  const topic = randomUUID();
  const prompt = '[[quota: 12]] go';
  await world.manager.submit(topic, prompt, { prompt_id: 'work' });
  await waitingOf(topic, 'quota');
  await workflow('reset', topic, '--type', 'FirstWorkflowTask', '--reason', 'a person');
  await world.stopWorker();
  await world.startWorker();
  const { status, session_id } = await world.manager.wait(topic, 'work');
  expect([status, world.agent.promptsIn(`${session_id}`)]).toEqual(['completed', [prompt]]);
});
