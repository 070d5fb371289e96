/** Before an expensive cold resume somebody decides. On a real Temporal server, with the fake agent. */
import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PromptId } from '../../src/contract/ids.js';
import type { OnCold } from '../../src/contract/session-context.js';
import { topicsIn } from '../support/topics-that-wait.js';
import { startWorld, type World } from '../support/world.js';
import { type Continuity, continuityIn, surroundingsOf } from './cli-command.js';

let world: World;
let continuity: Continuity;
const prices = [{ model: '*', input: 3, cacheRead: 0.3, cacheWrite: 3.75, output: 15 }];
const onCold = (what: OnCold) => ({ above: 0.5, aboveTokens: 1000, do: what });
beforeAll(async () => {
  world = await startWorld({ worker: false });
  continuity = continuityIn(surroundingsOf(world));
});
afterAll(() => world?.dispose());
async function withConfig(config: object): Promise<void> {
  await world.stopWorker();
  await world.startWorker({ config });
}

const { handleOf, viewOf, waitingOf, answer } = topicsIn(() => world);
const ONE = '[[holds: 182000 3600000]] one';

async function coldTopic(): Promise<{ topic: string; session: string }> {
  const topic = `topic ${randomUUID()}`;
  const { session_id } = await world.manager.delegate(topic, ONE);
  return { topic, session: session_id ?? '' };
}

describe('with onCold: ask', () => {
  beforeAll(() => withConfig({ prices, onCold: onCold('ask') }));

  test('the prompt waits before it is put in, goes on when it is allowed, and a warm session asks nothing', async () => {
    const { topic, session } = await coldTopic();
    const result = world.manager.delegate(topic, 'two');
    const { ask } = await waitingOf(topic, 'answer');
    expect(ask).toMatchObject({ kind: 'cold', text: expect.stringContaining('about $0.68. Go on?') as string });
    expect(world.agent.promptsIn(session)).toEqual([ONE]);
    const { stdout } = await continuity(['show', topic]);
    expect(stdout).toContain('Before the prompt is put in:');
    expect(stdout).toContain(`--allow | --deny "why"`);
    expect((await continuity(['answer', topic, 'perhaps'])).stderr).toContain(
      'The reply must be one of "compact", "replace"',
    );
    const said = await continuity(['answer', topic, '--allow']);
    expect(said.stdout).toBe(`What topic ${topic} asked is allowed. Its prompt goes on.\n`);
    expect(await result).toMatchObject({ status: 'completed', session: { kind: 'resumed' }, attempts: 1 });
    expect((await result).asks).toMatchObject([{ kind: 'cold', decision: 'allow', by: 'person' }]);
    expect((await world.manager.delegate(topic, 'three')).asks).toBeUndefined();
    expect(world.agent.promptsIn(session)).toEqual([ONE, 'two', 'three']);
  });

  test('a denial ends the prompt, and nothing was put in', async () => {
    const { topic, session } = await coldTopic();
    const result = world.manager.delegate(topic, 'two');
    await waitingOf(topic, 'answer');
    await answer(topic, { decision: 'deny', text: 'Too dear.' });
    expect(await result).toMatchObject({ status: 'failed', session_id: session, error: { code: 'COLD_SESSION' } });
    expect(world.agent.promptsIn(session)).toEqual([ONE]);
    const next = await world.manager.delegate(topic, 'two', { on_cold: 'continue' });
    expect([next.status, next.session_id]).toEqual(['completed', session]);
  });

  test('a person may choose a new session, which has a brief and the prompt', async () => {
    const { topic, session } = await coldTopic();
    const result = world.manager.delegate(topic, 'two');
    await waitingOf(topic, 'answer');
    await answer(topic, 'replace');
    const { status, session: choice, session_id } = await result;
    expect([status, choice]).toEqual(['completed', { kind: 'replaced', reason: 'cold', replaces: session }]);
    const [brief] = world.agent.promptsIn(session_id ?? '');
    expect(brief).toContain('was set aside, because to read all of it again was too expensive');
    expect(brief).toMatch(/The prompt:\n\ntwo$/);
    expect(world.agent.promptsIn(session)).toEqual([ONE]);
    expect((await world.manager.delegate(topic, 'three')).session_id).toBe(session_id);
    expect((await world.manager.delegate(undefined, 'back', { session_id: session, on_cold: 'continue' })).status).toBe(
      'completed',
    );
  });

  test('a person may have the session compacted first, and is told what each choice costs', async () => {
    const { topic, session } = await coldTopic();
    const result = world.manager.delegate(topic, 'two');
    await waitingOf(topic, 'answer');
    const { stdout } = await continuity(['show', topic]);
    expect(stdout).toMatch(/1\. compact.*about \$0\.68/);
    expect(stdout).toContain('compact | replace | --allow');
    const said = await continuity(['answer', topic, 'compact']);
    expect(said.stdout).toBe(`What topic ${topic} asked is answered: compact.\n`);
    expect(await result).toMatchObject({ status: 'completed', session_id: session, compacted: 1 });
    expect((await result).usage).toMatchObject({ input_tokens: 990 });
    expect(world.agent.promptsIn(session)).toEqual([ONE, 'two']);
    const next = await world.manager.delegate(topic, 'three');
    expect([next.status, next.compacted]).toEqual(['completed', undefined]);
    expect(world.agent.promptsIn(session).at(-1)).toContain('this conversation was compacted');
  });

  test.each(['is denied', 'is cancelled'])(
    'a session whose prompt %s is told before its next one that its repository has moved',
    async (how) => {
      const directory = await mkdtemp(join(world.dir, 'repository-'));
      const git = (...words: string[]) =>
        execa('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...words], { cwd: directory });
      await git('init');
      await git('commit', '--allow-empty', '-m', 'one');
      const topic = `topic ${randomUUID()}`;
      const { session_id } = await world.manager.delegate(topic, ONE, { cwd: directory });
      await git('commit', '--allow-empty', '-m', 'two');
      const result = world.manager.delegate(topic, 'two');
      await waitingOf(topic, 'answer');
      if (how === 'is denied') await answer(topic, { decision: 'deny' });
      else await world.manager.cancel(topic);
      expect((await result).ground).toBeUndefined();
      const next = await world.manager.delegate(topic, 'three', { on_cold: 'continue' });
      expect(next.ground).toBeDefined();
      expect(world.agent.promptsIn(session_id ?? '').at(-1)).toContain('the repository has moved');
    },
  );

  test('a cancel while it is asked ends it, and nothing was put in', async () => {
    const { topic, session } = await coldTopic();
    const result = world.manager.delegate(topic, 'two');
    await waitingOf(topic, 'answer');
    await world.manager.cancel(topic);
    expect((await result).status).toBe('cancelled');
    expect(world.agent.promptsIn(session)).toEqual([ONE]);
  });
});

test('without an answer in time the prompt ends, and nothing was put in', async () => {
  const agents = { ...world.config.agents, fake: { kind: 'opencode', asks: { answerWithinMs: 1000 } } };
  await withConfig({ agents, onCold: onCold('ask') });
  const { topic, session } = await coldTopic();
  // Nobody knows the price: it is measured in tokens.
  expect(await world.manager.delegate(topic, 'two')).toMatchObject({
    status: 'failed',
    error: { code: 'COLD_SESSION', message: expect.stringContaining('No answer came in time') as string },
  });
  expect(world.agent.promptsIn(session)).toEqual([ONE]);
});

test('with onCold: replace a new session takes over at once, but not where the prompt names its session', async () => {
  await withConfig({ prices, onCold: onCold('replace') });
  const { topic, session } = await coldTopic();
  const named = await world.manager.delegate(undefined, `${ONE} again`, { session_id: session });
  expect([named.status, named.session.kind]).toEqual(['completed', 'resumed']);
  const { session: choice, status } = await world.manager.delegate(topic, 'two');
  expect([status, choice]).toEqual(['completed', { kind: 'replaced', reason: 'cold', replaces: session }]);
  expect((await viewOf(topic)).sessions.map(({ lost }) => lost)).toEqual(['cold', undefined]);
});

test('with onCold: compact the conversation is compacted first, also in a session that the prompt names', async () => {
  await withConfig({ prices, onCold: onCold('compact') });
  const { topic, session } = await coldTopic();
  const two = await world.manager.delegate(topic, `${ONE} again`);
  expect(two).toMatchObject({ status: 'completed', session: { kind: 'resumed' }, compacted: 1 });
  expect(two.usage).toMatchObject({ input_tokens: 990, output_tokens: 10 });
  const named = await world.manager.delegate(undefined, 'three', { session_id: session });
  expect(named).toMatchObject({ status: 'completed', session_id: session, compacted: 1 });
  const warm = await world.manager.delegate(topic, 'four');
  expect([warm.status, warm.compacted]).toEqual(['completed', undefined]);
});

test('a prompt says compact by signal and by flag, and one whose session cannot be compacted goes on', async () => {
  await withConfig({ prices, onCold: onCold('continue') });
  const { topic, session } = await coldTopic();
  const said = await continuity(['delegate', '--topic', topic, '--on-cold', 'compact', '--json', `${ONE} by flag`]);
  expect(JSON.parse(said.stdout)).toMatchObject({ session_id: session, compacted: 1 });
  const prompt_id = 'by-signal' as PromptId;
  await handleOf(topic).signal('prompt', { prompt: `${ONE} [[cannot compact]]`, prompt_id, on_cold: 'compact' });
  expect(await world.manager.wait(topic, prompt_id)).toMatchObject({ status: 'completed', compacted: 1 });
  const cannot = await world.manager.delegate(topic, 'three', { on_cold: 'compact' });
  expect(cannot).toMatchObject({ status: 'completed', not_compacted: 'The fake agent was asked to fail.' });
  expect(world.agent.promptsIn(session).at(-1)).toContain('three');
});
