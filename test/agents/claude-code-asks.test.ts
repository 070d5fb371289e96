/** What Claude Code asks a person, with its own default permissions, while workers and agents are killed. */
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import { blocksOf } from '../../src/agents/claude-code/rows.js';
import type { AgentDriver } from '../../src/agents/driver.js';
import type { Answer, Ask } from '../../src/contract/asks.js';
import { commandOf, isRunning, processesOf } from '../support/processes.js';
import { because, claudeStage, isMissing, patiently } from './claude-code-stage.js';
import { never, runTurn, startTurn } from './run.js';

const allow: Answer = { decision: 'allow' };

describe.skipIf(isMissing)(`Claude Code asks${because}`, () => {
  const stage = claudeStage();
  let agent: Agent;
  let driver: AgentDriver;
  /** Another worker takes over. */
  const renew = () => ({ agent, driver } = stage.under.careful());
  beforeEach(renew);

  const open = async (session: SessionRef) => (await driver.asks?.(session)) ?? [];
  const answer = (session: SessionRef, ask: Ask, given: Answer) => driver.answer?.(session, ask, given);
  const isThere = (file: string) => existsSync(join(stage.under.cwd, file));
  const gates = () =>
    processesOf(stage.under.dir).filter((pid) => commandOf(pid).some((word) => word.endsWith('gate.js')));

  /** What the model was told by its tools. */
  const told = async (session: SessionRef) =>
    (await stage.under.rowsIn(session))
      .flatMap(blocksOf)
      .flatMap(({ type, content }) => (type === 'tool_result' ? [JSON.stringify(content).replaceAll('\\"', '"')] : []))
      .join('\n');

  /** The oldest ask that is open and is not the one before. */
  const asked = (session: SessionRef, before?: Ask): Promise<Ask> =>
    vi.waitFor(async () => {
      const [ask] = await open(session);
      expect(ask).toBeDefined();
      expect(ask?.ask_id).not.toBe(before?.ask_id);
      return ask as Ask;
    }, patiently);

  test('a permission is shown and waited for, and what was allowed is done once', async () => {
    const session = await stage.open();
    const turn = startTurn(agent, session, 'May I? [[bash: echo x >> allowed]] [[say: I may.]]');
    const ask = await asked(session);
    expect(ask).toEqual({
      ask_id: expect.any(String) as string,
      kind: 'permission',
      tool: 'Bash',
      text: 'echo x >> allowed',
      takes: ['allow', 'always', 'deny'],
    });
    await vi.waitFor(
      () => expect(turn.progress.at(-1)?.step).toBe('waits for permission: bash: echo x >> allowed'),
      patiently,
    );
    expect(isThere('allowed')).toBe(false);
    await answer(session, ask, allow);
    await answer(session, ask, { decision: 'deny' });
    expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'I may.' });
    expect(await stage.read('allowed')).toBe('x');
    expect(await open(session)).toEqual([]);
    await vi.waitFor(() => expect(gates()).toEqual([]), patiently);
  });

  test('the model is told why something was denied, and the turn goes on', async () => {
    const session = await stage.open();
    const turn = startTurn(agent, session, 'May I? [[bash: touch denied]] [[say: I may not.]]');
    await answer(session, await asked(session), { decision: 'deny', text: 'Not in this house.' });
    expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'I may not.' });
    expect(await told(session)).toContain('Not in this house.');
    expect(isThere('denied')).toBe(false);
  });

  test('what is always allowed is not asked again in the session, and anything else is', async () => {
    const session = await stage.open();
    const twice = startTurn(agent, session, 'Twice [[bash: echo x >> always]] [[bash: echo x >> always]]');
    await answer(session, await asked(session), { decision: 'always' });
    expect(await twice.outcome).toMatchObject({ status: 'completed' });
    renew();
    expect(
      await runTurn(agent, session, 'Again [[task: Sub {{bash: echo x >> always}}]] [[bash: echo x >> always]]'),
    ).toMatchObject({ status: 'completed' });
    expect(await stage.read('always')).toBe('x\nx\nx\nx');
    const other = startTurn(agent, session, 'Other [[bash: echo y >> always]]');
    await answer(session, await asked(session), { decision: 'deny' });
    expect(await other.outcome).toMatchObject({ status: 'completed' });
    const elsewhere = await stage.open();
    const fresh = startTurn(agent, elsewhere, 'Elsewhere [[bash: echo x >> always]]');
    await answer(elsewhere, await asked(elsewhere), { decision: 'deny' });
    expect(await fresh.outcome).toMatchObject({ status: 'completed' });
    expect(await stage.read('always')).toBe('x\nx\nx\nx');
  });

  test('an agent that is killed asks again, and an answer to the ask before changes nothing', async () => {
    const session = await stage.open();
    const prompt = 'Killed [[bash: echo x >> killed]] [[say: Done.]]';
    const turn = startTurn(agent, session, prompt);
    const first = await asked(session);
    await stage.isStored(session, prompt);
    process.kill(await stage.pidIn(session), 'SIGKILL');
    const again = await asked(session, first);
    expect({ ...again, ask_id: '' }).toEqual({ ...first, ask_id: '' });
    await answer(session, first, { decision: 'deny' });
    expect(await open(session)).toEqual([again]);
    await answer(session, again, allow);
    expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'Done.', recovered: 'continued' });
    expect(await stage.read('killed')).toBe('x');
    expect(await stage.under.promptsIn(session)).toEqual([prompt]);
  });

  test('the next worker finds the ask of an agent that outlived its worker, and answers it', async () => {
    const session = await stage.open();
    const prompt = 'Outlived [[bash: echo x >> outlived]] [[say: Done.]]';
    const turn = startTurn(agent, session, prompt, 'outlived');
    const ask = await asked(session);
    turn.detach();
    await expect(turn.outcome).rejects.toThrow('detached');
    const pid = await stage.pidIn(session);
    renew();
    expect(await open(session)).toEqual([ask]);
    await answer(session, ask, allow);
    expect(await runTurn(agent, session, prompt, 'outlived')).toMatchObject({ status: 'completed', reply: 'Done.' });
    expect(isRunning(pid)).toBe(false);
    expect(await stage.read('outlived')).toBe('x');
  });

  test('an agent that was killed together with its worker asks the next worker again', async () => {
    const session = await stage.open();
    const prompt = 'Both [[bash: echo x >> both]] [[say: Done.]]';
    const turn = startTurn(agent, session, prompt, 'both');
    const first = await asked(session);
    await stage.isStored(session, prompt);
    const pid = await stage.pidIn(session);
    turn.detach();
    await expect(turn.outcome).rejects.toThrow('detached');
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect([isRunning(pid), gates()]).toEqual([false, []]), patiently);
    renew();
    // The threads of a killed process let go of its lock one after another.
    await vi.waitFor(async () => expect(await open(session)).toEqual([]), patiently);
    await answer(session, first, allow);
    const taken = startTurn(agent, session, prompt, 'both');
    await answer(session, await asked(session, first), allow);
    expect(await taken.outcome).toMatchObject({ status: 'completed', reply: 'Done.', recovered: 'continued' });
    expect(await stage.read('both')).toBe('x');
  });

  test('each question of a request is answered by itself, and the model has all replies', async () => {
    const session = await stage.open();
    const questions = [
      {
        header: 'Colour',
        question: 'Which colour?',
        options: [
          { label: 'Red', description: 'Warm' },
          { label: 'Blue', description: 'Cold' },
        ],
        multiSelect: false,
      },
      {
        header: 'Size',
        question: 'Which size?',
        options: [
          { label: 'S', description: 'Small' },
          { label: 'L', description: 'Large' },
        ],
        multiSelect: false,
      },
    ];
    const turn = startTurn(
      agent,
      session,
      `Ask [[tool: AskUserQuestion ${JSON.stringify({ questions })}]] [[say: Thanks.]]`,
    );
    const colour = await asked(session);
    const [, size] = await open(session);
    expect(colour).toEqual({
      ask_id: expect.any(String) as string,
      kind: 'question',
      text: 'Colour: Which colour?',
      options: questions[0]?.options,
      takes: ['reply', 'deny'],
    });
    expect(size).toMatchObject({ text: 'Size: Which size?' });
    await answer(session, colour, { decision: 'reply', text: 'Green, please' });
    expect(await open(session)).toEqual([size]);
    renew();
    await answer(session, size as Ask, { decision: 'reply', text: 'L' });
    expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'Thanks.' });
    const all = await told(session);
    expect(all).toContain('"Which colour?"="Green, please"');
    expect(all).toContain('"Which size?"="L"');
  });

  test('questions that are denied end with what the model is told', async () => {
    const session = await stage.open();
    const options = [
      { label: 'Yes', description: 'y' },
      { label: 'No', description: 'n' },
    ];
    const input = {
      questions: ['One?', 'Two?'].map((question) => ({ header: 'Q', question, options, multiSelect: false })),
    };
    const turn = startTurn(agent, session, `Ask [[tool: AskUserQuestion ${JSON.stringify(input)}]] [[say: Fine.]]`);
    await asked(session);
    const [, two] = await open(session);
    await answer(session, two as Ask, { decision: 'deny', text: 'Decide by yourself.' });
    expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'Fine.' });
    expect(await told(session)).toContain('Decide by yourself.');
  });

  test('a question is asked also where every permission is given', async () => {
    const session = await stage.open();
    const options = [
      { label: 'Yes', description: 'y' },
      { label: 'No', description: 'n' },
    ];
    const input = { questions: [{ header: 'Q', question: 'Really?', options, multiSelect: false }] };
    const turn = startTurn(
      stage.agent,
      session,
      `Ask [[bash: touch bypassed]] [[tool: AskUserQuestion ${JSON.stringify(input)}]] [[say: So be it.]]`,
    );
    await answer(session, await asked(session), { decision: 'reply', text: 'Yes' });
    expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'So be it.' });
    expect(await told(session)).toContain('"Really?"="Yes"');
    expect(isThere('bypassed')).toBe(true);
  });

  test('a gate that is killed fails its tool call, and another gate asks what comes next', async () => {
    const session = await stage.open();
    const turn = startTurn(agent, session, 'Gates [[bash: touch gate1]] [[bash: touch gate2]] [[say: On.]]');
    const first = await asked(session);
    for (const gate of gates()) process.kill(gate, 'SIGKILL');
    const next = await asked(session, first);
    expect(next.text).toBe('touch gate2');
    expect(await open(session)).toEqual([next]);
    await answer(session, next, allow);
    expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'On.' });
    expect([isThere('gate1'), isThere('gate2')]).toEqual([false, true]);
  });

  test('what sub-agents ask at once is asked of the same person', async () => {
    const session = await stage.open();
    const turn = startTurn(
      agent,
      session,
      'Delegate [[task: Sub {{bash: echo x >> sub}} {{say: Subbed.}}]] [[say: They did.]]',
    );
    const ask = await asked(session);
    expect(ask).toMatchObject({ kind: 'permission', tool: 'Bash', text: 'echo x >> sub' });
    await answer(session, ask, allow);
    expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'They did.' });
    expect(await stage.read('sub')).toBe('x');
  });

  test('a turn that is cancelled while it asks leaves the session usable, and no gate', async () => {
    const session = await stage.open();
    const turn = startTurn(agent, session, 'Cancelled [[bash: touch cancelled]]');
    const ask = await asked(session);
    await agent.cancel(session, never);
    expect(await turn.outcome).toMatchObject({ status: 'cancelled' });
    expect(gates()).toEqual([]);
    expect(await open(session)).toEqual([]);
    await answer(session, ask, allow);
    expect(await runTurn(agent, session, 'Go on [[say: Gone on.]]')).toMatchObject({ reply: 'Gone on.' });
    expect(isThere('cancelled')).toBe(false);
  });

  test("a person's own rules decide first", async () => {
    const session = await stage.open();
    const settings = join(stage.under.env['CLAUDE_CONFIG_DIR'] as string, 'settings.json');
    await writeFile(
      settings,
      JSON.stringify({ permissions: { allow: ['Bash(touch mine)'], deny: ['Bash(touch never)'] } }),
    );
    try {
      expect(
        await runTurn(agent, session, 'Rules [[bash: touch mine]] [[bash: touch never]] [[say: Ruled.]]'),
      ).toMatchObject({ status: 'completed', reply: 'Ruled.' });
    } finally {
      await rm(settings);
    }
    expect([isThere('mine'), isThere('never')]).toEqual([true, false]);
  });
});
