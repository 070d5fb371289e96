/**
 * A prompt that can wait is held back until its session is warm. On a real Temporal server, with the fake agent. Topics
 * continue as new every few turns.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { topicsIn } from '../support/topics-that-wait.js';
import { startWorld, type World } from '../support/world.js';
import { type Continuity, continuityIn, surroundingsOf } from './cli-command.js';

let world: World;
let continuity: Continuity;
beforeAll(async () => {
  world = await startWorld({
    worker: false,
    extraArgs: ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=40'],
  });
  const prices = [{ model: '*', input: 3, cacheRead: 0.3, cacheWrite: 3.75, output: 15 }];
  await world.startWorker({ config: { prices } });
  continuity = continuityIn(surroundingsOf(world));
});
afterAll(() => world?.dispose());

const { viewOf, handleOf } = topicsIn(() => world);
const COLD = '[[holds: 182000 3600000]]';

/** A topic whose session is cold. */
async function coldTopic(): Promise<{ topic: string; session: string }> {
  const topic = `topic ${randomUUID()}`;
  const { session_id } = await world.manager.delegate(topic, `${COLD} one`);
  return { topic, session: session_id ?? '' };
}
const held = (topic: string, prompt: string, when_warm = '8h') =>
  world.manager.submit(topic, prompt, { when_warm, prompt_id: `id of ${prompt} in ${topic}` });
const queueOf = async (topic: string) => (await viewOf(topic)).queue.map(({ prompt }) => prompt);
const outcomeOf = async (topic: string, prompt: string) =>
  (await world.manager.wait(topic, `id of ${prompt} in ${topic}`)).status;

describe('a prompt that can wait for a warm session', () => {
  test('is queued while its session is cold, and runs right after another prompt has made it warm', async () => {
    const { topic, session } = await coldTopic();
    const { prompt_id } = await held(topic, 'two');
    const { state, queue } = await viewOf(topic);
    expect(state).toBe('idle');
    const [queued] = queue;
    expect(Date.parse(queued?.runs_by ?? '') - Date.parse(queued?.accepted_at ?? '')).toBe(8 * 60 * 60 * 1000);
    expect(await world.manager.outcome(topic, prompt_id)).toMatchObject({ state: 'queued', runs_by: queued?.runs_by });
    expect((await continuity(['outcome', topic, prompt_id])).stdout).toMatch(
      /^queued until the session is warm, at latest /,
    );
    const { stdout } = await continuity(['show', topic]);
    expect(stdout).toMatch(/two · .*until the session is warm, at latest /);
    expect(stdout).toMatch(
      /182,000 tokens, cold since .*; the next turn reads them again, about \$0\.68 \(warm: \$0\.05\)/,
    );
    expect((await world.manager.delegate(topic, 'three')).status).toBe('completed');
    expect(await outcomeOf(topic, 'two')).toBe('completed');
    expect(world.agent.promptsIn(session)).toEqual([`${COLD} one`, 'three', 'two']);
  });

  test('runs at once in a session that is warm, and where there is no session', async () => {
    const topic = `topic ${randomUUID()}`;
    expect((await world.manager.delegate(topic, 'one', { when_warm: '8h' })).session.kind).toBe('new');
    expect((await world.manager.delegate(topic, 'two', { when_warm: '8h' })).status).toBe('completed');
  });

  test('runs in a cold session once its time is over, also if a prompt before it was taken out', async () => {
    const { topic, session } = await coldTopic();
    await held(topic, 'two', '1s');
    await held(topic, 'three', '2s');
    await world.manager.cancel(topic, `id of two in ${topic}`);
    expect(await outcomeOf(topic, 'two')).toBe('cancelled');
    expect(await outcomeOf(topic, 'three')).toBe('completed');
    expect(world.agent.promptsIn(session)).toEqual([`${COLD} one`, 'three']);
  });

  test('runs once its time is over while its caller waits for the outcome, and costs one timer', async () => {
    const { topic, session } = await coldTopic();
    const { runId } = await handleOf(topic).describe();
    expect((await world.manager.delegate(topic, 'two', { when_warm: '2s' })).status).toBe('completed');
    expect(world.agent.promptsIn(session)).toEqual([`${COLD} one`, 'two']);
    const { events } = await world.client.workflow.getHandle(`topic/${topic}`, runId).fetchHistory();
    expect(events?.filter(({ timerStartedEventAttributes: started }) => started)).toHaveLength(1);
  });

  test('keeps its place while the topic continues as new, and ends as cancelled when the topic is terminated', async () => {
    const { topic, session } = await coldTopic();
    await held(topic, 'waits');
    const { runId } = await handleOf(topic).describe();
    const before: string[] = [];
    while ((await handleOf(topic).describe()).runId === runId) {
      before.push(`${COLD} ${before.length}`);
      await world.manager.delegate(topic, before.at(-1) ?? '');
    }
    expect(await queueOf(topic)).toEqual(['waits']);
    await handleOf(topic).terminate();
    const last = await world.manager.delegate(topic, 'last');
    expect([last.session.kind, await outcomeOf(topic, 'waits')]).toEqual(['resumed', 'cancelled']);
    expect(world.agent.promptsIn(session)).toEqual([`${COLD} one`, ...before, 'last']);
  });

  test('is worked on when the topic is closed', async () => {
    const { topic, session } = await coldTopic();
    await held(topic, 'two');
    expect((await world.manager.close(topic)).remaining).toBe(1);
    await handleOf(topic).result();
    expect(world.agent.promptsIn(session)).toEqual([`${COLD} one`, 'two']);
  });

  test('is refused with a time that is none, and a signal with one is noted', async () => {
    const { topic } = await coldTopic();
    const { stderr, exitCode } = await continuity(['delegate', '--topic', topic, '--when-warm=0', 'x']);
    expect([stderr, exitCode]).toEqual([
      expect.stringContaining('Field "when_warm" must be a duration from 1 second'),
      2,
    ]);
    await handleOf(topic).signal('prompt', { prompt: 'x', when_warm: '900d' });
    await expect.poll(async () => (await viewOf(topic)).refused[0]?.error.message).toContain('Field "when_warm"');
    await handleOf(topic).signal('prompt', { prompt: 'by signal', when_warm: '8h' });
    await expect.poll(() => queueOf(topic)).toEqual(['by signal']);
  });
});
