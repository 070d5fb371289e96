/**
 * Turns that wait: for a person, for a provider's quota, for their agent. On a real Temporal server,
 * with the fake agent.
 */
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import * as messages from '../../src/contract/messages.js';
import type { TurnResult } from '../../src/contract/types.js';
import { topicsIn } from '../support/topics-that-wait.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.dispose());

const aTopic = () => `topic ${randomUUID()}`;
const { handleOf, viewOf, waitingOf, answer } = topicsIn(() => world);

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no refusal',
    (error: { cause?: { type?: string } }) => error.cause?.type,
  );

async function pendingActivities(topic: string): Promise<number> {
  const { raw } = await handleOf(topic).describe();
  return raw.pendingActivities?.length ?? 0;
}

describe('an ask', () => {
  test('ends the activity, is shown with what is asked, and its answer brings the turn back', async () => {
    const topic = aTopic();
    const result = world.manager.delegate(topic, '[[ask: bash | rm -rf dist]] clean up');
    const { ask, until, since } = await waitingOf(topic, 'answer');
    expect(ask).toMatchObject({ kind: 'permission', tool: 'bash', text: 'rm -rf dist' });
    expect(Date.parse(until) - Date.parse(since)).toBe(30 * 60 * 1000);
    expect(await pendingActivities(topic)).toBe(0);
    expect((await viewOf(topic)).state).toBe('waiting');
    expect(await answer(topic, { decision: 'allow' })).toEqual({ ask_id: ask.ask_id, decision: 'allow' });
    const { reply, asks, session_id, attempts, recovered } = await result;
    expect([reply, attempts, recovered]).toEqual(['The answers: allow', 1, undefined]);
    expect(asks).toEqual([{ kind: 'permission', tool: 'bash', text: 'rm -rf dist', decision: 'allow', by: 'person' }]);
    expect(world.agent.ranIn(session_id ?? '')).toEqual(['rm -rf dist']);
    expect(world.agent.promptsIn(session_id ?? '')).toHaveLength(1);
  });

  test('after ask in one turn: each is answered on its own', async () => {
    const topic = aTopic();
    const result = world.manager.delegate(topic, '[[ask: bash | a]] [[ask: bash | a]] [[question: Which? | x, y]]');
    const first = await waitingOf(topic, 'answer');
    await answer(topic, 'allow');
    await expect.poll(async () => (await waitingOf(topic, 'answer')).ask.ask_id).not.toBe(first.ask.ask_id);
    await answer(topic, { decision: 'deny', text: 'Once is enough.' });
    await expect.poll(async () => (await waitingOf(topic, 'answer')).ask.kind).toBe('question');
    await answer(topic, 'y');
    expect((await result).reply).toBe('The answers: allow; deny: Once is enough.; reply: y');
  });

  test('is answered by signal, in any language', async () => {
    const topic = aTopic();
    const result = world.manager.delegate(topic, '[[ask: edit | a.ts]] go');
    await waitingOf(topic, 'answer');
    await handleOf(topic).signal(messages.answerSignal, 'allow');
    expect((await result).reply).toBe('The answers: allow');
  });

  test('that is gone, that takes no such answer, or that is another one, is refused as that', async () => {
    const topic = aTopic();
    await world.manager.delegate(topic, 'hello');
    expect(await codeOf(answer(topic, 'allow'))).toBe('ASK_UNKNOWN');
    const result = world.manager.delegate(topic, '[[question: Which? | x, y]] go');
    await waitingOf(topic, 'answer');
    expect(await codeOf(answer(topic, 'allow'))).toBe('INVALID_ANSWER');
    expect(await codeOf(answer(topic, { decision: 'perhaps' }))).toBe('INVALID_ANSWER');
    expect(await codeOf(answer(topic, { decision: 'reply', text: 'x', ask_id: 'another' }))).toBe('ASK_UNKNOWN');
    const both = await Promise.allSettled([answer(topic, 'x'), answer(topic, 'y')]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const taken = both[0].status === 'fulfilled' ? 'x' : 'y';
    expect((await result).reply).toBe(`The answers: reply: ${taken}`);
  });

  test('survives the worker and the agent, and is answered once', async () => {
    const topic = aTopic();
    const result = world.manager.delegate(topic, '[[ask: bash | deploy]] go');
    await waitingOf(topic, 'answer');
    await world.stopWorker();
    await world.agent.close({ stop: true });
    await world.startWorker();
    await answer(topic, 'allow');
    const { reply, session_id, asks } = await result;
    expect(reply).toBe('The answers: allow');
    expect(asks).toHaveLength(1);
    expect(world.agent.ranIn(session_id ?? '')).toEqual(['deploy']);
  });

  test('ends with its turn: a cancel stops the agent, and the session goes on', async () => {
    const topic = aTopic();
    const result = world.manager.delegate(topic, '[[ask: bash | x]] go');
    await waitingOf(topic, 'answer');
    await world.manager.cancel(topic);
    expect(await result).toMatchObject({ status: 'cancelled' });
    expect(await codeOf(answer(topic, 'allow'))).toBe('ASK_UNKNOWN');
    const next = await world.manager.delegate(topic, 'and now?');
    expect(next).toMatchObject({ status: 'completed', session: { kind: 'resumed' } });
    expect(world.agent.ranIn(next.session_id ?? '')).toEqual([]);
  });

  test('costs no more than 14 events, after the first of a run', async () => {
    const length = async (topic: string) => (await handleOf(topic).describe()).historyLength;
    const topic = aTopic();
    const ask = async () => {
      const result = world.manager.delegate(topic, '[[ask: bash | x]] go');
      await waitingOf(topic, 'answer');
      await handleOf(topic).signal(messages.answerSignal, 'allow');
      await result;
    };
    await ask();
    const before = await length(topic);
    await world.manager.delegate(topic, 'plain');
    const plain = (await length(topic)) - before;
    await ask();
    const asked = (await length(topic)) - before - plain;
    expect(asked - plain).toBeLessThanOrEqual(14);
    expect(asked - plain).toBeGreaterThan(0);
  });
});

describe('the policy of the host', () => {
  const under = async (asks: object, work: () => Promise<void>) => {
    await world.stopWorker();
    await world.startWorker({ config: { agents: { ...world.config.agents, fake: { kind: 'opencode', asks } } } });
    await work().finally(async () => {
      await world.stopWorker();
      await world.startWorker();
    });
  };

  test('answers what it decides, first rule first, and the result says so', async () => {
    const rules = [
      { tool: 'bash', text: 'git push*', then: 'deny' },
      { tool: 'bash', text: 'git *', then: 'allow' },
    ];
    await under({ rules, questions: 'decline' }, async () => {
      const result = await world.manager.delegate(
        aTopic(),
        '[[ask: bash | git status]] [[ask: bash | git push -f]] [[question: Sure? | yes]] go',
      );
      expect(result.asks?.map(({ decision, by }) => [decision, by])).toEqual([
        ['allow', 'config'],
        ['deny', 'config'],
        ['deny', 'config'],
      ]);
      expect(world.agent.ranIn(result.session_id ?? '')).toEqual(['git status']);
    });
  });

  test('denies what nobody answers in time, tells the model, and the turn goes on', async () => {
    await under({ answerWithinMs: 1500 }, async () => {
      const result = await world.manager.delegate(aTopic(), '[[ask: bash | x]] go');
      expect(result.status).toBe('completed');
      expect(result.reply).toContain('deny: Nobody answered within 1 minute. Go on without it');
      expect(result.asks).toMatchObject([{ decision: 'deny', by: 'time' }]);
    });
  });
});

describe('a usage limit', () => {
  test('parks the turn until it ends; the same turn goes on without a second prompt, and the queue keeps its place', async () => {
    const topic = aTopic();
    const limited = world.manager.delegate(topic, '[[quota: 4]] first');
    const waiting = await waitingOf(topic, 'quota');
    const results = Promise.all([limited, world.manager.delegate(topic, 'second')]);
    expect(waiting.because.code).toBe('AGENT_RATE_LIMITED');
    await expect.poll(async () => (await viewOf(topic)).queue.length).toBe(1);
    expect(await pendingActivities(topic)).toBe(0);
    const [first, second] = await results;
    expect([first, second].map(({ status }) => status)).toEqual(['completed', 'completed']);
    expect(world.agent.promptsIn(first.session_id ?? '')).toEqual(['[[quota: 4]] first', 'second']);
  });

  test('retry goes on at once, and cancel ends the turn', async () => {
    const topic = aTopic();
    const result = world.manager.delegate(topic, '[[quota: 3600]] go');
    const { until } = await waitingOf(topic, 'quota');
    expect(Date.parse(until) - Date.now()).toBeGreaterThan(3_000_000);
    expect(await handleOf(topic).executeUpdate(messages.retry)).toEqual({ effect: 'retrying' });
    await expect
      .poll(async () => (await viewOf(topic)).running?.waiting?.since, { timeout: 10_000 })
      .not.toBe(undefined);
    await world.manager.cancel(topic);
    expect(await result).toMatchObject({ status: 'cancelled' });
    expect(await handleOf(topic).executeUpdate(messages.retry)).toEqual({ effect: 'nothing_waits' });
  });

  test('beyond limits.quotaWait is the outcome', async () => {
    await world.stopWorker();
    await world.startWorker({ config: { limits: { ...world.config.limits, quotaWaitMs: 10_000 } } });
    expect(await world.manager.delegate(aTopic(), '[[quota: 3600]] go')).toMatchObject({
      status: 'failed',
      error: { code: 'AGENT_RATE_LIMITED' },
    });
    await world.stopWorker();
    await world.startWorker();
  });
});

describe('a missing login', () => {
  const login = () => join(world.dir, 'login');
  afterEach(() => rm(login(), { force: true }));

  const failedAndParked = async (topic: string) => {
    const gate = join(world.dir, randomUUID());
    const first = world.manager.delegate(topic, `[[until: ${gate}]] [[login: ${login()}]] first`);
    await expect.poll(async () => (await viewOf(topic).catch(() => undefined))?.state).toBe('running');
    const others: Promise<TurnResult>[] = [];
    for (const label of ['second', 'third']) {
      others.push(world.manager.delegate(topic, `[[login: ${login()}]] ${label}`));
      await expect.poll(async () => (await viewOf(topic)).queue.length).toBe(others.length);
    }
    await writeFile(gate, '');
    expect(await first).toMatchObject({ status: 'failed', error: { code: 'AGENT_AUTH' } });
    const { because } = await waitingOf(topic, 'agent');
    expect(because.code).toBe('AGENT_AUTH');
    expect((await viewOf(topic)).queue).toHaveLength(1);
    return { others: Promise.all(others) };
  };

  test('fails the prompt at hand, parks what is queued behind it, and retry goes on', async () => {
    const topic = aTopic();
    const { others } = await failedAndParked(topic);
    await writeFile(login(), '');
    await handleOf(topic).signal(messages.retrySignal);
    const [second, third] = await others;
    expect([second?.status, third?.status]).toEqual(['completed', 'completed']);
    const prompts = world.agent.promptsIn(second?.session_id ?? '');
    expect(prompts.map((prompt) => prompt.split(' ').at(-1))).toEqual(['first', 'second', 'third']);
  });

  test('the next prompt tries again', async () => {
    const topic = aTopic();
    const { others } = await failedAndParked(topic);
    await writeFile(login(), '');
    const next = await world.manager.delegate(topic, 'fourth');
    expect(next.status).toBe('completed');
    expect((await others).map(({ status }) => status)).toEqual(['completed', 'completed']);
  });
});
