/** What asks while something else asks: calls in one answer of the model, and sub-agents of sub-agents. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SessionRef } from '../../src/agents/agent.js';
import { askingStage, type Stage } from './opencode-asks-stage.js';

describe('An OpenCode that asks before it runs or edits anything', () => {
  let stage: Stage;
  let session: SessionRef;
  beforeAll(async () => {
    stage = await askingStage({
      permission: { bash: 'ask', edit: 'ask', external_directory: 'ask' },
      subagent_depth: 2,
      agent: { general: { permission: { task: 'allow' } } },
    });
  });
  afterAll(() => stage.close());

  async function start(prompt: string) {
    session = await stage.open();
    return stage.start(session, prompt);
  }

  test('a change of a file is asked with its path and the change', async () => {
    const filePath = join(stage.under.cwd, 'new.txt');
    const turn = await start(`Write [[tool: write ${JSON.stringify({ filePath, content: 'Hi.\n' })}]] [[say: Done.]]`);
    const [ask] = await turn.asks();
    expect(ask).toMatchObject({ tool: 'edit', text: expect.stringMatching(/new\.txt\n[^]*\+Hi\./) });
    expect(ask?.text).not.toMatch(/(?!\n)\p{Cc}/u);
    await turn.answer(ask, { decision: 'allow' });
    expect(await turn.end()).toBe('completed: Done.');
    expect(await stage.linesOf('new.txt')).toEqual(['Hi.']);
  });

  test('a command is shown as the model wrote it, and a long one is cut', async () => {
    const command = `echo ${'x'.repeat(3_000)} | wc -c > long`;
    const turn = await start(`Run [[bash: ${command}]] [[say: Ran.]]`);
    const [ask] = await turn.asks();
    expect(ask?.tool).toBe('bash');
    expect(ask?.text).toHaveLength(2_000);
    expect(command.startsWith(ask?.text.slice(0, 1_900) ?? 'nothing')).toBe(true);
    await turn.answer(ask, { decision: 'allow' });
    expect(await turn.end()).toBe('completed: Ran.');
    expect(await stage.linesOf('long')).toEqual(['3001']);
  });

  test('a denial leaves what else waits to be answered by a person', async () => {
    const turn = await start('Two [[bash: echo one >> two]] [[also: echo other >> two]] [[say: Half.]]');
    const [one, other] = await turn.asks(2);
    expect([one?.text, other?.text]).toEqual(['echo one >> two', 'echo other >> two']);
    await turn.answer(one, { decision: 'deny', text: 'Not this one.' });
    expect(await turn.asks()).toEqual([other]);
    stage.worker();
    expect(await turn.asks()).toEqual([other]);
    await turn.answer(other, { decision: 'allow' });
    expect(await turn.end()).toBe('completed: Half.');
    expect(await stage.linesOf('two')).toEqual(['other']);
    expect(await turn.outputs()).toEqual([expect.stringContaining('Not this one.'), '(no output)']);
  });

  test('two denials are told to the model, and the turn goes on', async () => {
    const turn = await start('Two [[bash: echo one >> none]] [[also: echo other >> none]] [[say: None.]]');
    const [one, other] = await turn.asks(2);
    await turn.answer(other, { decision: 'deny', text: 'Not the other.' });
    await turn.answer(one, { decision: 'deny', text: 'Not this one.' });
    expect(await turn.end()).toBe('completed: None.');
    expect(await stage.linesOf('none')).toEqual([]);
    const told = (await turn.outputs()).join('\n');
    expect(told).toContain('Not this one.');
    expect(told).toContain('Not the other.');
  });

  test('what is always allowed is allowed to sub-agents, too', async () => {
    const run = 'echo ran >> shared';
    const turn = await start(`Do [[bash: ${run}]] [[task: Do {{bash: ${run}}} {{say: Done.}}]] [[say: Both did.]]`);
    const [ask] = await turn.asks();
    await turn.answer(ask, { decision: 'always' });
    expect(await turn.end()).toBe('completed: Both did.');
    expect(await stage.linesOf('shared')).toEqual(['ran', 'ran']);
  });

  test('a sub-agent of a sub-agent is asked for in the turn of the root session', async () => {
    const turn = await start('Delegate [[task: Go {{task: Go {{bash: echo deep >> deep}}}}]] [[say: They did.]]');
    const [ask] = await turn.asks();
    expect(ask).toMatchObject({ tool: 'bash', text: 'echo deep >> deep', session_id: expect.stringMatching(/^ses_/) });
    await turn.answer(ask, { decision: 'allow' });
    expect(await turn.end()).toBe('completed: They did.');
    expect(await stage.linesOf('deep')).toEqual(['deep']);
  });

  test('a sub-agent that asks is cancelled with its turn, and its tool never runs', async () => {
    const worker = stage.worker();
    const turn = await start('Delegate [[task: Go {{bash: echo late >> late}}]] [[say: They did.]]');
    const [ask] = await turn.asks();
    await worker.abort(session);
    // OpenCode cancels the sub-agent first. The model is told, and may still answer (1.18.33).
    expect(await turn.end()).toMatch(/^(cancelled|completed)/);
    await turn.answer(ask, { decision: 'allow' });
    const client = await stage.under.client();
    expect((await client.permission.list({ directory: stage.under.cwd })).data).toEqual([]);
    const next = await stage.start(session, 'And now? [[say: Here.]]');
    expect(await next.end()).toBe('completed: Here.');
    expect(await stage.linesOf('late')).toEqual([]);
  });
});
