import type { OpencodeClient } from '@opencode-ai/sdk/v2/client';
import { readFile, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Agent, SessionRef, TurnEvent } from '../../src/agents/agent.js';
import type { PromptId } from '../../src/contract/ids.js';
import { isRunning } from '../support/processes.js';
import { describeAgentConformance } from './conformance.js';
import { openCodeUnderTest, type OpenCodeUnderTest } from './opencode-under-test.js';
import { never, runTurn, startTurn } from './run.js';

describeAgentConformance('OpenCode', openCodeUnderTest);

describe('OpenCode', () => {
  let under: OpenCodeUnderTest;
  let agent: Agent;
  let seeds = 0;
  beforeAll(async () => {
    under = await openCodeUnderTest({ agent: { asking: { mode: 'primary', permission: { bash: 'ask' } } } });
    agent = under.create();
  });
  afterAll(async () => {
    await agent.close({ stop: true });
    await under.dispose();
  });

  const patiently = { timeout: 60_000, interval: 50 };
  async function open(cwd = under.cwd): Promise<SessionRef> {
    const opened = await agent.open(
      { seed: `seed ${++seeds}`, title: `Topic ${seeds}`, cwd, model: under.model },
      never,
    );
    return { ...opened, model: under.model, cwd };
  }
  const asksFor = (text: string) => under.asked().filter(({ asks }) => asks.at(-1)?.includes(text));
  const isAsked = (text: string, times = 1) =>
    vi.waitFor(() => expect(asksFor(text).length).toBeGreaterThanOrEqual(times), patiently);
  const read = (file: string) =>
    vi.waitFor(
      () =>
        readFile(join(under.cwd, file), 'utf8').then((text) => {
          expect(text).toMatch(/\n/);
          return text.trim();
        }),
      patiently,
    );
  async function personAsks({ session_id }: SessionRef, text: string, client?: OpencodeClient): Promise<void> {
    await (client ?? (await under.client())).session.promptAsync({
      sessionID: session_id,
      directory: under.cwd,
      parts: [{ type: 'text', text }],
    });
    await isAsked(text);
  }

  test('six turns keep their order, and the last is asked with all before it', async () => {
    const session = await open();
    const prompts = ['One', 'Two', 'Three', 'Four', 'Five', 'Six'];
    for (const prompt of prompts) expect((await runTurn(agent, session, prompt)).reply).toContain(`"${prompt}"`);
    expect(await under.promptsIn(session)).toEqual(prompts);
    expect(asksFor('Six').at(-1)?.asks).toEqual(prompts);
  });

  test('the same prompt id in two sessions is a prompt in each', async () => {
    const [one, two] = [await open(), await open()];
    expect((await runTurn(agent, one, 'Shared id', 'shared')).recovered).toBeUndefined();
    expect((await runTurn(agent, two, 'Shared id', 'shared')).recovered).toBeUndefined();
    expect([await under.promptsIn(one), await under.promptsIn(two)]).toEqual([['Shared id'], ['Shared id']]);
  });

  test('the session has the title that a person will look for, and no model call was spent on it', async () => {
    const session = await open();
    await runTurn(agent, session, 'Title me');
    const found = await (await under.client()).session.get({ sessionID: session.session_id });
    expect(found.data?.title).toBe(`Topic ${seeds}`);
  });

  test('instructions reach the system prompt of every turn', async () => {
    const session = { ...(await open()), instructions: 'You love tests.' };
    await runTurn(agent, session, 'Instructed');
    expect(asksFor('Instructed')[0]?.system).toContain('You love tests.');
  });

  test('a working directory that is reached by a symbolic link works like any other', async () => {
    const link = join(under.dir, 'link');
    await symlink(under.cwd, link);
    const session = await open(link);
    await runTurn(agent, session, 'Where? [[bash: pwd]]');
    expect((await runTurn(agent, session, 'Again')).reply).toContain('You asked before: "Where?"');
  });

  test('a tool that outlived its server is ended before the turn goes on', async () => {
    const session = await open();
    const prompt =
      'Orphan [[bash: test -e once && echo again || { touch once; echo $$ > tool.pid; exec sleep 300; }]] [[say: Done.]]';
    const turn = startTurn(agent, session, prompt);
    const tool = Number(await read('tool.pid'));
    expect(isRunning(tool)).toBe(true);
    await under.kill();
    expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'Done.', recovered: 'continued' });
    expect(isRunning(tool)).toBe(false);
    expect(await under.promptsIn(session)).toEqual([prompt]);
  });

  test('a server that is killed right after a prompt was sent holds it once', async () => {
    for (const ms of [0, 25]) {
      const session = await open();
      const prompt = `Killed after ${ms} ms [[say: Still here.]]`;
      const turn = startTurn(agent, session, prompt);
      await sleep(ms); // Not to wait for something: to hit the moments between the request and its being stored.
      await under.kill();
      expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'Still here.' });
      expect(await under.promptsIn(session)).toEqual([prompt]);
    }
  });

  test('a worker that died leaves its server and turn to the next one', async () => {
    const session = await open();
    const before = await under.server();
    const prompt = 'Adopted [[slow: 2500]] [[say: By another.]]';
    const turn = startTurn(agent, session, prompt, 'adopted');
    await isAsked('Adopted');
    turn.detach();
    await expect(turn.outcome).rejects.toThrow('detached');
    const next = under.create();
    expect(await runTurn(next, session, prompt, 'adopted')).toMatchObject({
      reply: 'By another.',
      recovered: 'reattached',
    });
    expect((await under.server()).pid).toBe(before.pid);
    expect(asksFor('Adopted')).toHaveLength(1);
  });

  test('a worker that died together with its server has its turn continued by the next one', async () => {
    const session = await open();
    const prompt = 'Both gone [[bash: echo x >> both]] [[slow: 1500]] [[say: Continued.]]';
    const turn = startTurn(agent, session, prompt, 'both');
    await isAsked('Both gone', 2);
    turn.detach();
    await expect(turn.outcome).rejects.toThrow('detached');
    await under.kill();
    agent = under.create();
    expect(await runTurn(agent, session, prompt, 'both')).toMatchObject({
      reply: 'Continued.',
      recovered: 'continued',
    });
    expect(await read('both')).toBe('x');
    expect(await under.promptsIn(session)).toEqual([prompt]);
  });

  test('a turn that a person started is waited for, not stopped', async () => {
    const session = await open();
    await personAsks(session, 'By hand [[slow: 1500]] [[say: For you.]]');
    expect((await runTurn(agent, session, 'By us')).reply).toBe('You asked before: "By hand". Now: "By us".');
    expect(await under.repliesIn(session)).toEqual(['For you.', 'You asked before: "By hand". Now: "By us".']);
  });

  test("a person's turn in an OpenCode of their own is waited for, too", async () => {
    const session = await open();
    const theirs = under.create({ dataDir: join(under.dir, 'theirs') });
    onTestFinished(() => theirs.close({ stop: true }));
    await theirs.open({ seed: 'theirs', title: 'Theirs', cwd: under.cwd }, never); // Starts their server.
    await personAsks(session, 'In my own window [[slow: 4000]] [[say: Mine.]]', await under.client('theirs'));
    const turn = startTurn(agent, session, 'After that');
    expect((await turn.outcome).reply).toBe('You asked before: "In my own window". Now: "After that".');
    expect((await under.repliesIn(session))[0]).toBe('Mine.');
  });

  test("a turn that ended is told at once, although a person's prompt keeps the session busy", async () => {
    const session = await open();
    const turn = startTurn(agent, session, 'Ours [[slow: 1500]] [[say: Ours is done.]]');
    await isAsked('Ours');
    const { session_id: sessionID, cwd: directory } = session;
    await (
      await under.client()
    ).session.promptAsync({ sessionID, directory, parts: [{ type: 'text', text: 'Theirs [[hang]]' }] });
    expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'Ours is done.' });
    expect(await under.statusOf(session)).toBe('busy');
    await vi.waitFor(async () => {
      await (await under.client()).session.abort({ sessionID, directory });
      expect(await under.statusOf(session)).toBe('idle');
    }, patiently);
  });

  test("cancelling a prompt that waits for a person's turn takes it out, and leaves the person's alone", async () => {
    const session = await open();
    await personAsks(session, 'Person works [[slow: 2000]] [[say: For you.]]');
    const turn = startTurn(agent, session, 'Behind a person', 'behind');
    await sleep(300); // It has nothing to wait for: a prompt that waits shows nowhere.
    await agent.cancel(session, never);
    expect(await turn.outcome).toMatchObject({ status: 'cancelled' });
    await vi.waitFor(async () => expect(await under.statusOf(session)).toBe('idle'), patiently);
    expect(await under.repliesIn(session)).toEqual(['For you.']);
    expect(await under.promptsIn(session)).toHaveLength(1);
    expect(await runTurn(agent, session, 'Behind a person', 'behind')).toMatchObject({ status: 'cancelled' });
    expect((await runTurn(agent, session, 'What did you say?')).reply).toContain('Person works');
  });

  test('a prompt that a person overtook is not asked again: its outcome is unknown', async () => {
    const session = await open();
    const turn = startTurn(agent, session, 'Overtaken [[hang]]', 'overtaken');
    await isAsked('Overtaken');
    turn.detach();
    await expect(turn.outcome).rejects.toThrow('detached');
    await under.kill();
    await open(); // Starts a server.
    await personAsks(session, 'Never mind [[say: Fine.]]');
    expect(await runTurn(agent, session, 'Overtaken [[hang]]', 'overtaken')).toMatchObject({
      status: 'failed',
      error: { code: 'OUTCOME_UNKNOWN' },
    });
    expect(asksFor('Overtaken')).toHaveLength(1);
  });

  test('a model or mode that OpenCode has not is named, at the opening and in a turn', async () => {
    const session = await open();
    const refusals = [
      { ask: { model: 'scripted/nope' }, code: 'MODEL_UNKNOWN', message: 'nope' },
      { ask: { model: 'nobody/model' }, code: 'MODEL_UNKNOWN', message: 'nobody' },
      { ask: { mode: 'nope' }, code: 'AGENT_UNKNOWN', message: 'build' },
    ];
    for (const { ask, code, message } of refusals) {
      const opening = agent.open({ seed: 'refused', title: 'x', cwd: under.cwd, ...ask }, never);
      await expect(opening).rejects.toMatchObject({
        retryable: false,
        failure: { code, message: expect.stringContaining(message) },
      });
      expect(await runTurn(agent, { ...session, ...ask }, 'Hello')).toMatchObject({
        status: 'failed',
        error: { code, message: expect.stringContaining(message) },
      });
    }
    expect(await runTurn(agent, session, 'Still here?')).toMatchObject({ status: 'completed' });
  });

  test('a model that never comes to an end is stopped', async () => {
    const bounded = under.create({ maxSteps: 5 });
    const session = await open();
    const outcome = await runTurn(bounded, session, 'Endless [[finish: strange]] [[say: more]]');
    expect(outcome).toMatchObject({
      status: 'failed',
      error: { code: 'MODEL_FAILED', message: expect.stringContaining('steps') },
    });
    expect(await runTurn(agent, session, 'Enough')).toMatchObject({ status: 'completed' });
  });

  test('a conversation that was compacted in mid-turn ends with the answer to its own prompt', async () => {
    const session = await open();
    await runTurn(agent, session, 'Long story');
    const prompt = 'Full [[overflow: 1]] [[bash: echo after]] [[say: Room again.]]';
    expect(await runTurn(agent, session, prompt, 'full')).toMatchObject({ status: 'completed', reply: 'Room again.' });
    expect(await runTurn(agent, session, prompt, 'full')).toMatchObject({
      reply: 'Room again.',
      recovered: 'harvested',
    });
  });

  test('the password is for the owner only, and in no argument or log', async () => {
    await open();
    const { pid, password } = await under.server();
    const file = join(under.dir, 'continuity', 'agents', 'opencode', 'server.json');
    expect(((await stat(file)).mode & 0o777).toString(8)).toBe('600');
    expect(((await stat(under.logFile)).mode & 0o777).toString(8)).toBe('600');
    const shown = [
      await readFile(`/proc/${pid}/cmdline`, 'utf8'),
      await readFile(under.logFile, 'utf8'),
      JSON.stringify(under.logs),
    ];
    expect(shown.join('\n')).not.toContain(password);
  });

  test('what a sub-agent does is progress of the turn that it works for', async () => {
    const turn = startTurn(
      agent,
      await open(),
      'Delegate [[task: Count {{bash: echo counting; sleep 1}} {{say: Counted.}}]] [[say: They counted.]]',
    );
    expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'They counted.' });
    expect(turn.progress.map(({ step }) => step)).toContain('sub-agent: bash: echo counting; sleep 1');
  });

  test('a tool that waits for permission ends the attempt with the ask, and its turn can be cancelled', async () => {
    const session = { ...(await open()), mode: 'asking' };
    const request = { session, prompt_id: 'asks' as PromptId, prompt: 'May I? [[bash: rm -rf build]]' };
    const lastEvent = async () => {
      let last: TurnEvent | undefined;
      for await (const event of agent.turn(request, never)) last = event;
      return last;
    };
    expect(await lastEvent()).toMatchObject({
      type: 'asked',
      ask: { kind: 'permission', tool: 'bash', text: 'rm -rf build' },
    });
    await agent.cancel(session, never, request.prompt_id);
    expect(await lastEvent()).toMatchObject({ type: 'outcome', outcome: { status: 'cancelled' } });
  });

  test('letting go leaves a server that works, and ends one that has nothing to do', async () => {
    const session = await open();
    const turn = startTurn(agent, session, 'Work on [[slow: 2000]] [[say: Worked.]]', 'work on');
    await isAsked('Work on');
    turn.detach();
    await expect(turn.outcome).rejects.toThrow('detached');
    const { pid } = await under.server();
    await agent.close({ stop: false });
    expect(isRunning(pid)).toBe(true);
    agent = under.create();
    expect(await runTurn(agent, session, 'Work on [[slow: 2000]] [[say: Worked.]]', 'work on')).toMatchObject({
      reply: 'Worked.',
    });
    await vi.waitFor(async () => expect(await under.notIdle()).toEqual({}), patiently);
    await agent.close({ stop: false });
    expect(isRunning(pid)).toBe(false);
    agent = under.create();
  });

  test('what it says of itself has version and places, and starts nothing', async () => {
    const idle = under.create();
    expect(await idle.describe()).toMatchObject({
      version: '1.18.33',
      program: expect.stringContaining('opencode'),
      store: expect.stringContaining(under.dir),
    });
    const lost = under.create({ config: { kind: 'opencode', path: '/not/there/opencode' } });
    expect(await lost.describe()).toMatchObject({
      problem: { code: 'AGENT_NOT_FOUND', message: expect.stringContaining('/not/there/opencode') },
    });
  });
});
