/** A turn that has used what it may asks a person before it goes on. On a real Temporal server, with the fake agent. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Limits } from '../../src/config.js';
import { topicsIn } from '../support/topics-that-wait.js';
import { startWorld, type World } from '../support/world.js';
import { type Continuity, continuityIn, surroundingsOf } from './cli-command.js';

let world: World;
let continuity: Continuity;
beforeAll(async () => {
  world = await startWorld({ worker: false });
  continuity = continuityIn(surroundingsOf(world));
});
afterAll(() => world?.dispose());

const aTopic = () => `topic ${randomUUID()}`;
const { viewOf, waitingOf, answer } = topicsIn(() => world);
async function withBudgets(budgets: Limits['budgets'], more: object = {}): Promise<void> {
  await world.stopWorker();
  await world.startWorker({ config: { limits: { ...world.config.limits, budgets }, ...more } });
}
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no refusal',
    (error: { cause?: { type?: string } }) => error.cause?.type,
  );

describe('with 2 dollars for a turn', () => {
  beforeAll(() => withBudgets({ cost_per_turn: 2 }));
  const prompt = '[[steps: 5 400 1]] [[say: Done.]]';

  test('the turn is cut off, says what it has used, and goes on as the same turn when it is allowed', async () => {
    const topic = aTopic();
    const result = world.manager.delegate(topic, prompt);
    const { ask } = await waitingOf(topic, 'answer');
    expect(ask).toMatchObject({
      kind: 'budget',
      text: 'The turn has used $2.00 of $2.00 (limits.costPerTurn). Go on?',
      budget: { name: 'cost_per_turn', limit: 2, used: 2, step: 2, turn: 1 },
    });
    const behind = world.manager.delegate(topic, 'Next');
    await expect.poll(async () => (await viewOf(topic)).queue.length).toBe(1);
    await answer(topic, 'allow');
    await expect.poll(async () => (await waitingOf(topic, 'answer')).ask.budget?.limit).toBe(4);
    await answer(topic, 'always');
    const { reply, usage, asks, session_id, attempts } = await result;
    expect([reply, usage?.cost_usd, attempts]).toEqual(['Done.', 5, 1]);
    expect(asks?.map(({ kind, decision, by }) => [kind, decision, by])).toEqual([
      ['budget', 'allow', 'person'],
      ['budget', 'always', 'person'],
    ]);
    expect((await behind).status).toBe('completed');
    expect(world.agent.promptsIn(session_id ?? '')).toEqual([prompt, 'Next']);
  });

  test('a denial ends the turn with what it said so far, and the next prompt goes on', async () => {
    const topic = aTopic();
    const result = world.manager.delegate(topic, prompt);
    await waitingOf(topic, 'answer');
    const { stdout } = await continuity(['answer', topic, '--deny', 'Too dear.']);
    expect(stdout).toBe(`What topic ${topic} asked is denied. Its turn ends.\n`);
    expect(await result).toMatchObject({
      ...{ status: 'failed', reply: 'So far.', usage: { cost_usd: 2 } },
      error: {
        code: 'BUDGET_EXCEEDED',
        message: `Turn 1 of topic ${topic} has used $2.00 of $2.00 (limits.costPerTurn) and was stopped. A person did not let it go on: Too dear.`,
      },
    });
    const { status, session } = await world.manager.delegate(topic, 'Next');
    expect([status, session.kind]).toEqual(['completed', 'resumed']);
  });

  test('a new limit must be above what is used', async () => {
    const topic = aTopic();
    const result = world.manager.delegate(topic, prompt);
    await waitingOf(topic, 'answer');
    for (const text of ['2', '-5', 'a lot', '1e999'])
      expect(await codeOf(answer(topic, { decision: 'reply', text }))).toBe('INVALID_ANSWER');
    const { stderr } = await continuity(['answer', topic, '1']);
    expect(stderr).toContain('The new limit must be a number above what is used, which is $2.00.');
    expect(stderr).toContain('or is the new limit of a budget');
    await answer(topic, '$4.50');
    // The fifth step begins at 4 dollars, and ends the turn.
    expect(await result).toMatchObject({ status: 'completed', usage: { cost_usd: 5 } });
  });

  test('a cancel ends a turn that waits for it, and what it has used counts', async () => {
    const topic = aTopic();
    const result = world.manager.delegate(topic, prompt);
    await waitingOf(topic, 'answer');
    await world.manager.cancel(topic);
    expect(await result).toMatchObject({ status: 'cancelled', usage: { cost_usd: 2 } });
    expect((await viewOf(topic)).used).toMatchObject({ cost_usd: 2 });
  });

  test('the prompt may bring another limit, and one that is none is refused by its name', async () => {
    const { status } = await world.manager.delegate(aTopic(), prompt, { limits: { cost_per_turn: 20 } });
    expect(status).toBe('completed');
    const topic = aTopic();
    const result = world.manager.delegate(topic, prompt, { limits: { steps_per_turn: 3, cost_per_turn: 20 } });
    expect((await waitingOf(topic, 'answer')).ask.text).toBe(
      'The turn has used 3 steps of 3 steps (limits.stepsPerTurn). Go on?',
    );
    await answer(topic, 'always');
    expect((await result).status).toBe('completed');
    for (const flags of ['--max-cost=0', '--max-tokens=many', '--max-steps=-1']) {
      const { exitCode, stderr } = await continuity(['delegate', flags, 'No']);
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining('takes a number above 0')]);
    }
    await expect(world.manager.delegate(topic, 'No', { limits: { tokens_per_turn: 0 } })).rejects.toMatchObject({
      code: 'INVALID_PROMPT',
      message: expect.stringContaining('Field "limits"') as string,
    });
  });

  test('the rounds of checks count together', async () => {
    const topic = aTopic();
    // The prompt to fix it quotes the check, so that each fix takes two steps.
    const checks = [{ run: "echo '[[steps: 2 400 1]]'; false" }];
    const result = world.manager.delegate(topic, '[[steps: 1 50 1.5]] Say', { checks, max_fixes: 2 });
    expect((await waitingOf(topic, 'answer')).ask.budget).toMatchObject({ used: 2.5, turn: 2 });
    await answer(topic, 'always');
    const { error, usage, asks } = await result;
    expect([error?.code, usage?.cost_usd]).toEqual(['CHECKS_FAILED', 5.5]);
    expect(asks).toMatchObject([{ kind: 'budget', decision: 'always' }]);
  });
});

test('from 80 % on, whoever watches is told', async () => {
  await withBudgets({ cost_per_turn: 5 });
  const topic = aTopic();
  const result = world.manager.delegate(topic, '[[steps: 6 1000 1]]');
  const step = async () => (await world.manager.progress(topic))?.step;
  await expect.poll(step, { interval: 100 }).toMatch(/^has used \$4\.00 of \$5\.00/);
  await waitingOf(topic, 'answer');
  await answer(topic, 'always');
  expect((await result).status).toBe('completed');
});

test('nobody answers in time: the turn ends, and says so', async () => {
  const agents = { fake: { ...world.config.agents.fake, kind: 'opencode', asks: { answerWithinMs: 1000 } } } as const;
  await withBudgets({ steps_per_turn: 1 }, { agents });
  const { status, error } = await world.manager.delegate(aTopic(), '[[steps: 3 300]]');
  expect([status, error?.code]).toEqual(['failed', 'BUDGET_EXCEEDED']);
  expect(error?.message).toContain('No answer came in time');
});

test('a topic that has used up its budget asks before the next prompt is put in, and remembers the answer', async () => {
  await withBudgets({ cost_per_topic: 2 });
  const topic = aTopic();
  const { session_id } = await world.manager.delegate(topic, '[[steps: 2 50 1]] [[say: Done.]]');
  const result = world.manager.delegate(topic, 'Second [[steps: 1 50 1]]');
  expect((await waitingOf(topic, 'answer')).ask.text).toBe(
    'The topic has used $2.00 of $2.00 (limits.costPerTopic). Go on?',
  );
  expect(world.agent.promptsIn(session_id ?? '')).toHaveLength(1);
  await answer(topic, '10');
  expect((await result).status).toBe('completed');
  expect((await world.manager.delegate(topic, 'Third [[steps: 1 50 1]]')).status).toBe('completed');
});

test('turns of unknown cost do not end the budget of a topic: the others count on', async () => {
  await withBudgets({ cost_per_topic: 3 });
  const topic = aTopic();
  await world.manager.delegate(topic, '[[steps: 2 50 1]] [[say: Two dollars.]]');
  await world.manager.delegate(topic, '[[steps: 1 50]] [[say: Nobody knows.]]');
  const result = world.manager.delegate(topic, '[[steps: 3 400 1]] [[say: Done.]]');
  expect((await waitingOf(topic, 'answer')).ask.budget).toMatchObject({ name: 'cost_per_topic', used: 3 });
  await answer(topic, 'always');
  expect((await result).reply).toBe('Done.');
});

test('an answer about a budget outlasts a hundred others', async () => {
  await withBudgets({ cost_per_topic: 1 });
  const topic = aTopic();
  await world.manager.delegate(topic, '[[steps: 1 50 1]] [[say: A dollar.]]');
  const rules = [{ then: 'allow' as const }];
  const agents = { fake: { ...world.config.agents.fake, kind: 'opencode', asks: { rules } } } as const;
  await withBudgets({ cost_per_topic: 1 }, { agents });
  const result = world.manager.delegate(topic, 'Many [[asks: 110 20]]');
  await waitingOf(topic, 'answer');
  await answer(topic, 'always');
  expect(await result).toMatchObject({ status: 'completed', reply: '110 answers' });
  expect((await world.manager.delegate(topic, 'Next [[steps: 1 50 1]]')).status).toBe('completed');
});

test('where the agent names no cost, the price of config counts; without one the cost is absent', async () => {
  const prices = [{ model: 'dear*', input: 10_000, output: 100_000 }];
  await withBudgets({ cost_per_turn: 3 }, { prices });
  const topic = aTopic();
  const result = world.manager.delegate(topic, '[[steps: 3 300]]', { model: 'dear/one' });
  // Each step: 100 tokens in at a cent, 10 out at 10 cents.
  expect((await waitingOf(topic, 'answer')).ask.budget).toMatchObject({ limit: 3, used: 4 });
  await answer(topic, 'always');
  expect((await result).usage).toMatchObject({ cost_usd: 6 });
  const { status, usage } = await world.manager.delegate(aTopic(), '[[steps: 3 50]]', { model: 'other' });
  expect(status).toBe('completed');
  expect(usage).not.toHaveProperty('cost_usd');
});

test('a worker that is replaced while the turn waits loses nothing', async () => {
  await withBudgets({ steps_per_turn: 2 });
  const topic = aTopic();
  const prompt = '[[steps: 4 300]] [[say: Done.]]';
  const result = world.manager.delegate(topic, prompt);
  await waitingOf(topic, 'answer');
  await withBudgets({ steps_per_turn: 2 });
  await answer(topic, 'always');
  const { status, reply, session_id } = await result;
  expect([status, reply]).toEqual(['completed', 'Done.']);
  expect(world.agent.promptsIn(session_id ?? '')).toEqual([prompt]);
});
