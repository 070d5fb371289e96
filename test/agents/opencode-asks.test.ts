/**
 * What OpenCode asks with its own default permissions: to leave the working directory, to read
 * `.env`, to repeat a call three times, and whatever a question is about (1.18.33).
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SessionRef } from '../../src/agents/agent.js';
import type { Ask } from '../../src/contract/asks.js';
import { askingStage, type Stage } from './opencode-asks-stage.js';

describe("OpenCode's default permissions", () => {
  let stage: Stage;
  let outside: string;
  let session: SessionRef;
  beforeAll(async () => {
    stage = await askingStage();
    outside = join(stage.under.dir, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'notes'), 'Noted.\n');
    await writeFile(join(stage.under.cwd, '.env'), 'SECRET=1\n');
  });
  afterAll(() => stage.close());

  /** A command that leaves the working directory, and a trace of it. */
  const reads = (trace: string) => `cat ${outside}/notes && echo ran >> ${trace}`;
  const asksToRead = (trace: string) => ({
    kind: 'permission',
    tool: 'external_directory',
    text: `${reads(trace)}\noutside of the working directory: ${outside}/*`,
    takes: ['allow', 'always', 'deny'],
  });
  async function start(prompt: string) {
    session = await stage.open();
    return stage.start(session, prompt);
  }
  const withoutId = ({ ask_id, ...ask }: Ask) => (expect(ask_id).not.toBe(''), ask);

  test('a permission is shown, and the tool runs once when it is allowed', async () => {
    const turn = await start(`Read [[bash: ${reads('allowed')}]] [[say: Read.]]`);
    const [ask] = await turn.asks();
    expect(ask && withoutId(ask)).toEqual(asksToRead('allowed'));
    expect(await stage.linesOf('allowed')).toEqual([]);
    expect(turn.signals).toContainEqual({
      type: 'blocked',
      on: `waits for permission: external_directory ${outside}/*`,
    });
    await turn.answer(ask, { decision: 'allow' });
    expect(await turn.end()).toBe('completed: Read.');
    expect(await stage.linesOf('allowed')).toEqual(['ran']);
    expect(turn.signals.findLast(({ type }) => type === 'blocked')).toEqual({ type: 'blocked' });
  });

  test('a denial is told to the model with its text, and the turn goes on', async () => {
    const turn = await start(`Read [[bash: ${reads('denied')}]] [[bash: echo instead]] [[say: Without it.]]`);
    const [ask] = await turn.asks();
    await turn.answer(ask, { decision: 'deny', text: 'Ask the owner first.' });
    expect(await turn.end()).toBe('completed: Without it.');
    expect(await turn.outputs()).toEqual([expect.stringContaining('Ask the owner first.'), 'instead\n']);
    expect(await stage.linesOf('denied')).toEqual([]);
  });

  test('a denial without a text does not stop the turn either', async () => {
    const turn = await start(`Read [[bash: ${reads('denied')}]] [[say: Without it.]]`);
    const [ask] = await turn.asks();
    await turn.answer(ask, { decision: 'deny' });
    expect(await turn.end()).toBe('completed: Without it.');
    expect(await stage.linesOf('denied')).toEqual([]);
  });

  test('what is always allowed is not asked again in the session, and is in another one', async () => {
    const again = `[[bash: ${reads('always')}]]`;
    const turn = await start(`Read ${again} ${again} [[say: Read twice.]]`);
    const [ask] = await turn.asks();
    await turn.answer(ask, { decision: 'always' });
    expect(await turn.end()).toBe('completed: Read twice.');
    await stage.under.kill();
    stage.worker();
    const next = await stage.start(session, `Once more ${again} [[say: Read again.]]`);
    expect(await next.end()).toBe('completed: Read again.');
    expect(await stage.linesOf('always')).toEqual(['ran', 'ran', 'ran']);
    const other = await start(`Read ${again} [[say: Not read.]]`);
    const [asked] = await other.asks();
    await other.answer(asked, { decision: 'deny' });
    expect(await other.end()).toBe('completed: Not read.');
    expect(await stage.linesOf('always')).toHaveLength(3);
  });

  test('another worker finds the same ask, and answers it', async () => {
    const turn = await start(`Read [[bash: ${reads('adopted')}]] [[say: Read.]]`);
    const asks = await turn.asks();
    stage.worker();
    expect(await turn.asks()).toEqual(asks);
    await turn.answer(asks[0], { decision: 'allow' });
    expect(await turn.end()).toBe('completed: Read.');
    expect(await stage.linesOf('adopted')).toEqual(['ran']);
  });

  test.each([
    ['the agent', () => undefined],
    ['the agent and the worker', () => stage.worker()],
  ])('the same is asked again after a kill of %s, and answered there', async (_, next) => {
    const turn = await start(`Read [[bash: ${reads('killed')}]] [[say: Read.]]`);
    const [before] = await turn.asks();
    const ran = (await stage.linesOf('killed')).length;
    await stage.under.kill();
    next();
    const [after] = await turn.asks();
    expect(after && withoutId(after)).toEqual(before && withoutId(before));
    expect(after?.ask_id).not.toBe(before?.ask_id);
    await turn.answer(before, { decision: 'allow' });
    expect(await turn.asks()).toEqual([after]);
    await turn.answer(after, { decision: 'allow' });
    expect(await turn.end()).toBe('completed: Read.');
    expect((await stage.linesOf('killed')).length - ran).toBe(1);
  });

  test('an answer to an ask that is gone changes nothing', async () => {
    const turn = await start(`Read [[bash: ${reads('gone')}]] [[bash: ${reads('gone')} ; true]] [[say: Read.]]`);
    const [first] = await turn.asks();
    await turn.answer(first, { decision: 'allow' });
    const [second] = await turn.asks();
    expect(second?.ask_id).not.toBe(first?.ask_id);
    await turn.answer(first, { decision: 'deny' });
    expect(await turn.asks()).toEqual([second]);
    // Another session's answer does not reach it.
    const own = session;
    session = await stage.open();
    const other = await stage.start(session, 'Nothing to ask [[say: Fine.]]');
    await other.answer(second, { decision: 'deny' });
    expect(await other.end()).toBe('completed: Fine.');
    session = own;
    expect(await turn.asks()).toEqual([second]);
    await turn.answer(second, { decision: 'allow' });
    expect(await turn.end()).toBe('completed: Read.');
    expect(await stage.linesOf('gone')).toEqual(['ran', 'ran']);
  });

  test('a turn that is cancelled while it asks leaves the session usable', async () => {
    const worker = stage.worker();
    const turn = await start(`Read [[bash: ${reads('cancelled')}]] [[say: Read.]]`);
    const [ask] = await turn.asks();
    await worker.abort(session);
    expect(await turn.end()).toMatch(/^cancelled/);
    expect(await worker.asks(session)).toEqual([]);
    await turn.answer(ask, { decision: 'allow' });
    const next = await stage.start(session, 'And now? [[say: Here.]]');
    expect(await next.end()).toBe('completed: Here.');
    expect(await stage.linesOf('cancelled')).toEqual([]);
  });

  test('reading .env is asked with its path', async () => {
    const turn = await start('Read [[tool: read {"filePath": ".env"}]] [[say: Read.]]');
    const [ask] = await turn.asks();
    expect(ask).toMatchObject({ tool: 'read', text: '.env' });
    await turn.answer(ask, { decision: 'allow' });
    expect(await turn.end()).toBe('completed: Read.');
    expect((await turn.outputs()).join()).toContain('SECRET=1');
  });

  test.each([
    ['allow', 'completed: Looped.'],
    // OpenCode breaks the turn off (1.18.33). The session stays usable.
    ['deny', expect.stringMatching(/^failed: .*Stop it\./) as string],
  ] as const)('three equal calls in one answer are asked about: %s', async (decision, end) => {
    const again = 'echo round';
    const turn = await start(`Loop [[bash: ${again}]] [[also: ${again}]] [[also: ${again}]] [[say: Looped.]]`);
    const [ask] = await turn.asks();
    expect(ask).toMatchObject({ tool: 'doom_loop', text: expect.stringContaining(again) });
    await turn.answer(ask, { decision, text: 'Stop it.' });
    expect(await turn.end()).toEqual(end);
    const next = await stage.start(session, 'And now? [[say: Here.]]');
    expect(await next.end()).toBe('completed: Here.');
  });

  const question = (text: string, ...labels: string[]) => ({
    question: text,
    header: 'Choice',
    options: labels.map((label) => ({ label, description: `Take ${label}` })),
  });
  const askingFor = (...questions: object[]) => `[[tool: question ${JSON.stringify({ questions })}]]`;

  test('a question is shown with its options, and its reply reaches the model', async () => {
    const turn = await start(`Ask ${askingFor(question('Which store?', 'SQLite', 'Postgres'))} [[say: Chosen.]]`);
    const [ask] = await turn.asks();
    expect(ask && withoutId(ask)).toEqual({
      kind: 'question',
      text: 'Which store?',
      options: [
        { label: 'SQLite', description: 'Take SQLite' },
        { label: 'Postgres', description: 'Take Postgres' },
      ],
      takes: ['reply', 'deny'],
    });
    await turn.answer(ask, { decision: 'reply', text: 'postgres' });
    expect(await turn.end()).toBe('completed: Chosen.');
    expect((await turn.outputs()).join()).toContain('"Which store?"="Postgres"');
  });

  test('a question survives a kill of the agent, and a denial of it is told to the model', async () => {
    const turn = await start(`Ask ${askingFor(question('Which store?', 'SQLite'))} [[say: Decided.]]`);
    const [before] = await turn.asks();
    await stage.under.kill();
    stage.worker();
    const [after] = await turn.asks();
    expect(after && withoutId(after)).toEqual(before && withoutId(before));
    await turn.answer(after, { decision: 'deny', text: 'Decide yourself.' });
    expect(await turn.end()).toBe('completed: Decided.');
    expect((await turn.outputs()).join()).toContain('Decide yourself.');
  });

  test('several questions in one request are answered by number', async () => {
    const questions = askingFor(question('Which store?', 'SQLite', 'Postgres'), question('Which name?'));
    const turn = await start(`Ask ${questions} [[say: Chosen.]]`);
    const [ask] = await turn.asks();
    expect(ask?.text).toContain('2. Which name?');
    await turn.answer(ask, { decision: 'reply', text: '1. SQLite\n2. events' });
    expect(await turn.end()).toBe('completed: Chosen.');
    expect((await turn.outputs()).join()).toContain('"Which store?"="SQLite", "Which name?"="events"');
  });

  test('the ask of a sub-agent belongs to the turn, and keeps its session id over a kill', async () => {
    const turn = await start(`Delegate [[task: Go {{bash: ${reads('child')}}} {{say: Done.}}]] [[say: They did.]]`);
    const [before] = await turn.asks();
    expect(before).toMatchObject({ ...asksToRead('child'), session_id: expect.stringMatching(/^ses_/) });
    expect(before?.session_id).not.toBe(session.session_id);
    expect(turn.signals).toContainEqual({
      type: 'blocked',
      on: `a sub-agent waits for permission: external_directory ${outside}/*`,
    });
    await stage.under.kill();
    stage.worker();
    const [after] = await turn.asks();
    expect(after && withoutId(after)).toEqual(before && withoutId(before));
    await turn.answer(after, { decision: 'allow' });
    expect(await turn.end()).toBe('completed: They did.');
    expect(await stage.linesOf('child')).toEqual(['ran']);
  });
});
