/**
 * Answers of any bytes, in any order and number, to topics that wait and to topics that do not; and
 * agents that ask without end. On a real Temporal server, with the fake agent.
 */
import { randomUUID } from 'node:crypto';
import { WorkflowIdConflictPolicy } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ask } from '../../src/contract/asks.js';
import type { PromptId } from '../../src/contract/ids.js';
import * as messages from '../../src/contract/messages.js';
import { topicsIn } from '../support/topics-that-wait.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.dispose());

const aTopic = () => `topic ${randomUUID()}`;
const { handleOf, viewOf, askOf, answer } = topicsIn(() => world);
const signal = (topic: string, payload: unknown) =>
  handleOf(topic).signal(messages.answerSignal, payload as messages.AnswerPayload);
const asked = (topic: string, otherThan?: Ask) => askOf(topic, ({ ask_id }) => ask_id !== otherThan?.ask_id);

async function under(asks: object, work: () => Promise<void>): Promise<void> {
  await world.stopWorker();
  await world.startWorker({ config: { agents: { ...world.config.agents, fake: { kind: 'opencode', asks } } } });
  await work().finally(async () => {
    await world.stopWorker();
    await world.startWorker();
  });
}

const BAD: unknown[] = [
  null,
  undefined,
  0,
  [],
  ['allow'],
  {},
  { decision: 'Allow' },
  { decision: ['allow'] },
  { decision: 'reply', text: '   ' },
  { decision: 'allow', text: 7 },
  { decision: 'allow', ask_id: 'another' },
  { decision: 'allow', ask_id: '\ud800' },
  { decision: 'allow', ask_id: 'x'.repeat(1_000_000) },
  { decision: 'deny', text: '\udfff'.repeat(100_000) },
  { decision: 'deny', text: 'x'.repeat(1_000_000) },
  { decision: 'deny', constructor: 1 },
  JSON.parse('{"decision":"allow","__proto__":{"ask_id":"x"}}'),
  { ['\ud800'.repeat(1000)]: 1, decision: 'allow' },
];

test('no malformed answer takes effect, by signal or update, and a good one does then', async () => {
  const topic = aTopic();
  const result = world.manager.delegate(topic, '[[ask: bash | x]] go');
  await asked(topic);
  for (const payload of BAD) await signal(topic, payload);
  const refusals = await Promise.allSettled(BAD.map((payload) => answer(topic, payload)));
  expect(refusals.filter(({ status }) => status === 'fulfilled')).toEqual([]);
  expect((await viewOf(topic)).running?.waiting?.for).toBe('answer');
  expect((await viewOf(topic)).refused_total).toBe(BAD.length);
  await answer(topic, { decision: 'deny', text: '\ud800 lone' });
  expect(await result).toMatchObject({ status: 'completed', asks: [{ decision: 'deny' }] });
});

test('an answer that comes before the first worker, and before the first prompt, is refused and opens nothing', async () => {
  const topic = aTopic();
  await world.stopWorker();
  await world.client.workflow.signalWithStart(messages.topicSession, {
    workflowId: `topic/${topic}`,
    taskQueue: messages.CONTINUITY,
    signal: messages.answerSignal,
    signalArgs: ['allow'],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
  });
  await handleOf(topic).signal(messages.promptSignal, { prompt: '[[ask: bash | x]] go', prompt_id: 'one' as PromptId });
  await world.startWorker();
  await asked(topic);
  expect((await viewOf(topic)).refused).toMatchObject([{ error: { code: 'ASK_UNKNOWN' } }]);
  await answer(topic, 'allow');
  const { session_id } = await world.manager.wait(topic, 'one');
  expect(world.agent.ranIn(session_id ?? '')).toEqual(['x']);
});

test('hundreds of answers at once are one answer, also through continue-as-new', async () => {
  const topic = aTopic();
  const result = world.manager.delegate(topic, '[[ask: bash | x]] [[ask: bash | x]] go');
  const first = await asked(topic);
  const noise = { decision: 'allow', ask_id: 'y'.repeat(20_000) };
  await Promise.all(Array.from({ length: 300 }, () => signal(topic, noise)));
  await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      signal(topic, { decision: i % 2 ? 'allow' : 'deny', ask_id: first.ask_id, text: `${i}` }),
    ),
  );
  const second = await asked(topic, first);
  await answer(topic, { decision: 'allow', ask_id: second.ask_id });
  const { asks, session_id } = await result;
  expect(asks).toHaveLength(2);
  expect(world.agent.promptsIn(session_id ?? '')).toHaveLength(1);
  const runs = [];
  for await (const run of world.client.workflow.list({ query: `WorkflowId = 'topic/${topic}'` })) runs.push(run.runId);
  expect(runs.length).toBeGreaterThan(1);
});

test('what is allowed once is asked again when it is wanted again, however often', async () => {
  const topic = aTopic();
  const result = world.manager.delegate(topic, '[[ask: bash | x]] [[ask: bash | x]] [[ask: bash | x]] go');
  const first = await asked(topic);
  await answer(topic, 'allow');
  const second = await asked(topic, first);
  await answer(topic, 'allow');
  await asked(topic, second);
  await answer(topic, 'deny');
  expect((await result).reply).toBe('The answers: allow; allow; deny');
});

test('an answer and the end of its time that are found together are one answer: the person’s', async () => {
  await under({ answerWithinMs: 2000 }, async () => {
    const topic = aTopic();
    const result = world.manager.delegate(topic, '[[ask: bash | x]] go');
    await asked(topic);
    await world.stopWorker();
    await signal(topic, 'allow');
    const fired = async () =>
      (await handleOf(topic).fetchHistory()).events?.some((event) => event.timerFiredEventAttributes) ?? false;
    await expect.poll(fired).toBe(true);
    await world.startWorker();
    const { asks, reply } = await result;
    expect(asks).toMatchObject([{ decision: 'allow', by: 'person' }]);
    expect(reply).toBe('The answers: allow');
  });
});

test('a turn that asks a thousand times what config allows is answered, and remembers the newest', async () => {
  await under({ permissions: 'allow' }, async () => {
    const result = await world.manager.delegate(aTopic(), '[[asks: 1500 2000]] go');
    expect(result).toMatchObject({ status: 'completed', reply: '1500 answers' });
    expect(result.asks?.at(-1)?.text.startsWith('1499 ')).toBe(true);
  });
});

test('a turn that asks a person hundreds of times is put in once, through continue-as-new', async () => {
  const topic = aTopic();
  const result = world.manager.delegate(topic, '[[asks: 200 2000]] go');
  let ask: Ask | undefined;
  for (let i = 0; i < 200; i += 1) {
    ask = await asked(topic, ask);
    expect(ask.text).toMatch(new RegExp(`^${i} `));
    await answer(topic, { decision: 'allow', ask_id: ask.ask_id });
  }
  const { reply, session_id, asks } = await result;
  expect(reply).toBe('200 answers');
  expect(asks?.at(-1)?.text).toMatch(/^199 /);
  expect(world.agent.promptsIn(session_id ?? '')).toHaveLength(1);
});

test('an ask that disappears by itself: the topic still takes an answer, and the turn has ended as the agent ended it', async () => {
  const topic = aTopic();
  const prompt = '[[ask: bash | x]] [[gone: 3]] go';
  const result = world.manager.delegate(topic, prompt);
  await asked(topic);
  const session = (await viewOf(topic)).session_id ?? '';
  await expect.poll(() => world.agent.outcomeIn(session, prompt)).toBe('completed');
  await answer(topic, 'allow');
  const { reply, session_id } = await result;
  expect(reply).toBe('The answers: deny');
  expect(world.agent.ranIn(session_id ?? '')).toEqual([]);
  expect(await world.manager.delegate(topic, 'next')).toMatchObject({ status: 'completed' });
});

test('answers to closed, cancelled and idle topics change nothing', async () => {
  const topic = aTopic();
  const result = world.manager.delegate(topic, '[[ask: bash | x]] go');
  await asked(topic);
  await world.manager.cancel(topic);
  await signal(topic, 'allow');
  expect(await result).toMatchObject({ status: 'cancelled' });
  await signal(topic, 'allow');
  expect(await world.manager.delegate(topic, 'next')).toMatchObject({ status: 'completed' });
  await world.manager.close(topic);
  await expect(signal(topic, 'allow')).rejects.toThrow();
  expect(world.agent.ranIn((await result).session_id ?? '')).toEqual([]);
});
