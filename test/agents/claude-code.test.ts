import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SessionRef } from '../../src/agents/agent.js';
import { isNudge } from '../../src/agents/claude-code/ids.js';
import { sessionFileOf } from '../../src/agents/claude-code/store.js';
import { because, claudeStage, isMissing } from './claude-code-stage.js';
import { claudeUnderTest } from './claude-code-under-test.js';
import { describeAgentConformance } from './conformance.js';
import { never, runTurn, startTurn } from './run.js';

describe.skipIf(isMissing)(`The real program${because}`, () => {
  describeAgentConformance('Claude Code', claudeUnderTest);
});

describe.skipIf(isMissing)(`Claude Code${because}`, () => {
  const stage = claudeStage();

  test('a session that was opened can be begun by any worker, and one that was never opened is lost', async () => {
    const session = await stage.open();
    expect(await runTurn(stage.under.create(), session, 'Begin [[say: Begun.]]')).toMatchObject({
      status: 'completed',
      reply: 'Begun.',
    });
    for (const session_id of [
      '00000000-0000-4000-8000-000000000000',
      '../../x',
      'Topic 1',
    ] as SessionRef['session_id'][]) {
      expect(await runTurn(stage.agent, { ...session, session_id }, 'Hello?')).toMatchObject({
        status: 'failed',
        error: { code: 'SESSION_LOST' },
      });
    }
  });

  test('a file that a kill has left without a message is moved away, for it would wedge the session', async () => {
    const session = await stage.open();
    const file = await sessionFileOf(stage.under.home.store, session);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, '{"type":"custom-title","customTitle":"x"}\n');
    expect(await runTurn(stage.agent, session, 'Wedged? [[say: No.]]')).toMatchObject({
      status: 'completed',
      reply: 'No.',
    });
    expect(await readFile(`${file}.empty`, 'utf8')).toContain('custom-title');
  });

  test('a turn that was cut off where the agent would resume nothing goes on by a message of ours, which is no prompt', async () => {
    const session = await stage.open();
    const prompt = 'Torn [[say: I look.]] [[bash: echo torn]] [[say: Mended.]]';
    await runTurn(stage.agent, session, prompt, 'torn');
    const file = await sessionFileOf(stage.under.home.store, session);
    const lines = (await readFile(file, 'utf8')).split('\n');
    // As when the kill came between the two rows of the answer: its text is stored, and its tool
    // call is not.
    await writeFile(
      file,
      `${lines.slice(0, lines.findIndex((line) => line.includes('"text":"I look."') && line.includes('"type":"assistant"')) + 1).join('\n')}\n`,
    );
    expect(await runTurn(stage.agent, session, prompt, 'torn')).toMatchObject({
      status: 'completed',
      reply: 'Mended.',
      recovered: 'continued',
    });
    expect((await stage.under.rowsIn(session)).filter(({ uuid }) => isNudge(uuid))).toHaveLength(1);
    expect(await stage.under.promptsIn(session)).toEqual([prompt]);
    expect(await runTurn(stage.agent, session, 'And then? [[say: Nothing.]]')).toMatchObject({
      status: 'completed',
      reply: 'Nothing.',
    });
  });

  test('a prompt that looks like a command of the agent is a prompt, and is found again', async () => {
    const session = await stage.open();
    for (const prompt of ['/compact everything [[say: ok]]', ' /clear [[say: ok]]', '!ls [[say: ok]]']) {
      expect(await runTurn(stage.agent, session, prompt, prompt)).toMatchObject({ status: 'completed', reply: 'ok' });
      expect(await runTurn(stage.agent, session, prompt, prompt)).toMatchObject({
        status: 'completed',
        reply: 'ok',
        recovered: 'harvested',
      });
    }
    expect(stage.under.asked().at(-1)?.asks).toHaveLength(3);
  });

  test('a provider that refuses for a while is named meanwhile, and the turn ends well', async () => {
    const turn = startTurn(
      stage.agent,
      await stage.open(),
      'Busy [[status: 529 2]] [[stream: 1500]] [[say: Now it works again.]]',
    );
    expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'Now it works again.' });
    expect(turn.progress.some(({ refused }) => refused?.code === 'AGENT_RATE_LIMITED')).toBe(true);
    expect(turn.progress.at(-1)?.refused).toBeUndefined();
  });

  test('a conversation that was compacted in mid-turn ends with the answer to its own prompt', async () => {
    const session = await stage.open();
    await runTurn(stage.agent, session, 'Long story [[say: It was long.]]');
    const prompt = 'Full [[overflow: 1]] [[bash: echo after]] [[say: Room again.]]';
    expect(await runTurn(stage.agent, session, prompt, 'full')).toMatchObject({
      status: 'completed',
      reply: 'Room again.',
    });
    expect(await runTurn(stage.agent, session, prompt, 'full')).toMatchObject({
      reply: 'Room again.',
      recovered: 'harvested',
    });
  });

  test('what a sub-agent does is progress of the turn that it works for, and its tokens are counted', async () => {
    const session = await stage.open();
    const turn = startTurn(
      stage.agent,
      session,
      'Delegate [[task: Count {{bash: echo counting; sleep 1}} {{say: Counted.}}]] [[say: They counted.]]',
    );
    const { status, reply, usage } = await turn.outcome;
    expect({ status, reply }).toEqual({ status: 'completed', reply: 'They counted.' });
    expect(turn.progress.map(({ step }) => step)).toContain('sub-agent: bash: echo counting; sleep 1');
    const own = (await stage.under.rowsIn(session))
      .filter(({ type }) => type === 'assistant')
      .reduce((sum, { message }) => sum + (message?.usage?.input_tokens ?? 0), 0);
    expect(usage?.input_tokens).toBeGreaterThan(own);
  });

  test('the session has the title that a person will look for, and instructions reach the model', async () => {
    const session = { ...(await stage.open()), instructions: 'You love tests.' };
    await runTurn(stage.agent, session, 'Instructed');
    expect(await readFile(await sessionFileOf(stage.under.home.store, session), 'utf8')).toMatch(
      /"customTitle":"Topic \d+"/,
    );
    expect(stage.asksFor('Instructed')[0]?.system).toContain('You love tests.');
  });

  test('a variant or a mode that it does not know is named, at the opening and in a turn', async () => {
    const session = await stage.open();
    for (const ask of [{ variant: 'nope' }, { mode: 'nope' }]) {
      await expect(
        stage.agent.open({ seed: 'refused', title: 'x', cwd: stage.under.cwd, ...ask }, never),
      ).rejects.toMatchObject({ retryable: false });
      expect(await runTurn(stage.agent, { ...session, ...ask }, 'Hello')).toMatchObject({
        status: 'failed',
        error: { message: expect.stringContaining('nope') },
      });
    }
    expect(await runTurn(stage.agent, { ...session, variant: 'low' }, 'Still here?')).toMatchObject({
      status: 'completed',
    });
  });

  test('a long prompt and one of odd characters are stored as they are, and found again', async () => {
    const session = await stage.open();
    for (const prompt of [
      `Long ${'ü€😀 lorem ipsum '.repeat(20_000)} [[say: Read.]]`,
      'Odd \u0000 \ud83d half \u2028 "q" [[say: Read.]]',
    ]) {
      const id = prompt.slice(0, 4);
      expect(await runTurn(stage.agent, session, prompt, id)).toMatchObject({ status: 'completed', reply: 'Read.' });
      expect(await runTurn(stage.agent, session, prompt, id)).toMatchObject({
        status: 'completed',
        recovered: 'harvested',
      });
    }
  });

  test('why its program does not start is told', async () => {
    const session = { ...(await stage.open()), cwd: stage.under.cwd };
    const broken = join(stage.under.dir, 'broken');
    await writeFile(
      broken,
      '#!/bin/sh\ntest "$1" = --version && echo 2.1.331 && exit\necho "Warning: x" >&2; echo "no space left" >&2; exit 1\n',
      { mode: 0o700 },
    );
    const turn = runTurn(stage.under.create({ config: { path: broken } }), session, 'Hello');
    await expect(turn).rejects.toMatchObject({
      retryable: true,
      failure: { code: 'AGENT_CRASHED', message: expect.stringContaining('no space left') },
    });
  });

  test('a program that is too old is refused before anything is put in', async () => {
    const session = await stage.open();
    const old = join(stage.under.dir, 'old');
    await writeFile(old, '#!/bin/sh\necho "2.1.200 (Claude Code)"\n', { mode: 0o700 });
    const agent = stage.under.create({ config: { path: old } });
    await expect(runTurn(agent, session, 'Hello')).rejects.toMatchObject({
      retryable: false,
      failure: { code: 'AGENT_UNSUPPORTED' },
    });
    expect(await agent.describe()).toMatchObject({ version: '2.1.200', problem: { code: 'AGENT_UNSUPPORTED' } });
    expect(await stage.under.rowsIn(session)).toEqual([]);
  });

  test('what it says of itself has version and places, and a program that is not there is named', async () => {
    expect(await stage.agent.describe()).toMatchObject({
      version: '2.1.331',
      program: stage.under.program,
      store: expect.stringContaining(stage.under.dir),
      credentials: 'ANTHROPIC_API_KEY',
    });
    const lost = stage.under.create({ config: { path: '/not/there/claude' } });
    expect(await lost.describe()).toMatchObject({
      problem: { code: 'AGENT_NOT_FOUND', message: expect.stringContaining('/not/there/claude') },
    });
  });

  test('a session that is deleted is gone from the store, with what its sub-agents did and what we kept of it', async () => {
    const session = await stage.open();
    await runTurn(stage.agent, session, 'Delegate [[task: Count {{say: Counted.}}]] [[say: They counted.]]');
    const file = await sessionFileOf(stage.under.home.store, session);
    expect(await readdir(dirname(file))).toContain(session.session_id);
    await stage.agent.delete?.(session, never);
    expect((await readdir(dirname(file))).filter((name) => name.startsWith(session.session_id))).toEqual([]);
    expect(stage.under.home.runs.of(session.session_id)).toBeUndefined();
    await stage.agent.delete?.(session, never);
    expect(await runTurn(stage.agent, session, 'Hello?')).toMatchObject({ error: { code: 'SESSION_LOST' } });
  });

  test('a person goes on in the session with its own program', async () => {
    const session = await stage.open();
    expect(await stage.agent.interface(session)).toEqual({
      program: stage.under.program,
      args: ['--resume', session.session_id],
      cwd: stage.under.cwd,
      env: {},
    });
  });
});
