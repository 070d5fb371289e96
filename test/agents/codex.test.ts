import { access, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import { rolloutOf } from '../../src/agents/codex/rollout-files.js';
import { codexProgram } from '../../scripted/isolated-codex.js';
import { isRunning } from '../support/processes.js';
import { codexUnderTest, type CodexUnderTest } from './codex-under-test.js';
import { describeAgentConformance } from './conformance.js';
import { never, runTurn, startTurn } from './run.js';

const isThere = codexProgram() !== undefined;
if (isThere) describeAgentConformance('Codex', codexUnderTest);

describe.runIf(isThere)('Codex (skipped where node scripts/fetch-agents.mjs codex was not run)', () => {
  let under: CodexUnderTest;
  let agent: Agent;
  let seeds = 0;
  beforeAll(async () => {
    under = await codexUnderTest();
    agent = under.create();
  });
  afterAll(async () => {
    await agent?.close({ stop: true });
    await under?.dispose();
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
  /** In a client of their own, on our server. */
  async function personAsks({ session_id }: SessionRef, text: string): Promise<void> {
    const person = await under.client();
    onTestFinished(() => person.close());
    await person.call('thread/resume', { threadId: session_id, excludeTurns: true });
    await person.call('turn/start', { threadId: session_id, input: [{ type: 'text', text, text_elements: [] }] });
    await isAsked(text);
  }

  test('six turns keep their order, and the last is asked with all before it', async () => {
    const session = await open();
    const prompts = ['One', 'Two', 'Three', 'Four', 'Five', 'Six'];
    for (const prompt of prompts) expect((await runTurn(agent, session, prompt)).reply).toContain(`"${prompt}"`);
    expect(await under.promptsIn(session)).toEqual(prompts);
    expect(asksFor('Six').at(-1)?.asks).toEqual(prompts);
  });

  test('a prompt whose id a kill kept from being stored is known by it for ever, and is put in once', async () => {
    const session = await open();
    const prompt = 'Nameless [[bash: echo began >> nameless; sleep 2]] [[say: Once.]]';
    const turn = startTurn(agent, session, prompt, 'nameless');
    await read('nameless');
    turn.detach();
    await expect(turn.outcome).rejects.toThrow('detached');
    await under.kill();
    // As if the kill had come some milliseconds after the prompt's text was stored.
    const file = (await rolloutOf(`${under.env['CODEX_HOME']}`, session.session_id)) ?? '';
    const lines = (await readFile(file, 'utf8')).split('\n');
    await writeFile(file, lines.filter((line) => !line.includes('"UserMessage"')).join('\n'));
    for (const recovered of ['continued', 'harvested', 'harvested'])
      expect(await runTurn(agent, session, prompt, 'nameless')).toMatchObject({ reply: 'Once.', recovered });
    expect(await under.promptsIn(session)).toEqual([prompt]);
  });

  test('another worker opens the same session for the same seed, and Codex shows its title', async () => {
    const session = await open();
    const again = await under.create().open({ seed: `seed ${seeds}`, title: 'Another', cwd: under.cwd }, never);
    expect(again.session_id).toBe(session.session_id);
    const person = await under.client();
    onTestFinished(() => person.close());
    expect(await person.call('thread/read', { threadId: session.session_id })).toMatchObject({
      thread: { name: `Topic ${seeds}` },
    });
  });

  test('instructions reach the model once, and again when they change; what came before stays the same', async () => {
    const session = await open();
    await runTurn(agent, session, 'Without any');
    await runTurn(agent, { ...session, instructions: 'You love tests.' }, 'With some');
    await under.kill();
    await runTurn(agent, { ...session, instructions: 'You love tests.' }, 'With the same');
    await runTurn(agent, session, 'Without them');
    const systemFor = (text: string) => asksFor(text)[0]?.system ?? '';
    expect(systemFor('With some')).toMatch(/You love tests\./);
    expect(systemFor('With some').startsWith(systemFor('Without any'))).toBe(true);
    expect(systemFor('With the same')).toBe(systemFor('With some'));
    expect(systemFor('Without them')).toContain('no longer apply');
  });

  test('a session whose first turn comes after a restart has the same tools, and none for sub-agents', async () => {
    const toolsFor = (text: string) =>
      (JSON.parse(asksFor(text)[0]?.body ?? '{}') as { tools: { name?: string; type: string }[] }).tools.map(
        ({ name, type }) => name ?? type,
      );
    await runTurn(agent, await open(), 'At once');
    const session = await open();
    await under.kill(); // Unloads the thread, as a second without a client does.
    await runTurn(agent, session, 'Later');
    expect(toolsFor('Later')).toEqual(toolsFor('At once'));
    expect(toolsFor('Later').filter((name) => /agent/.test(name))).toEqual([]);
  });

  test('a server that is killed right after a prompt was sent holds it once', async () => {
    for (const ms of [0, 15, 30, 60]) {
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
    agent = under.create();
    expect(await runTurn(agent, session, prompt, 'adopted')).toMatchObject({
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

  test('a prompt keeps its spaces and lines, and half of a surrogate pair does not keep it from being put in', async () => {
    const session = await open();
    const prompt = '  Half \ud83d of it,\n\tand \u{1f600} [[say: Ok.]]\n\n';
    expect(await runTurn(agent, session, prompt, 'half')).toMatchObject({ reply: 'Ok.' });
    expect(await runTurn(agent, session, prompt, 'half')).toMatchObject({ reply: 'Ok.', recovered: 'harvested' });
    expect(await under.promptsIn(session)).toEqual([prompt.replace('\ud83d ', '\ufffd ')]);
  });

  test('a server that is killed in the middle of an answer answers once', async () => {
    const session = await open();
    const prompt = 'Streams [[stream: 1500]] [[say: One word after the other.]]';
    const turn = startTurn(agent, session, prompt);
    await vi.waitFor(() => expect(turn.progress.at(-1)?.text_tail).toContain('One'), patiently);
    await under.kill();
    expect(await turn.outcome).toMatchObject({
      status: 'completed',
      reply: 'One word after the other.',
      recovered: 'continued',
    });
    expect(await under.promptsIn(session)).toEqual([prompt]);
  });

  test.runIf(process.platform === 'linux')(
    'a tool that outlived its server is ended before the turn goes on',
    async () => {
      const session = { ...(await open()), mode: 'danger-full-access' }; // In another sandbox it would see another pid.
      const prompt = `Orphan [[bash: test -e once && echo again || { touch once; trap '' HUP TERM; echo $$ > tool.pid; while :; do sleep 1; done; }]] [[say: Done.]]`;
      const turn = startTurn(agent, session, prompt);
      const tool = Number(await read('tool.pid'));
      await under.kill();
      expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'Done.', recovered: 'continued' });
      expect(isRunning(tool)).toBe(false);
      expect(await under.promptsIn(session)).toEqual([prompt]);
    },
  );

  test('a turn that was cancelled leaves no command behind, and a crash after that does not bring it back', async () => {
    const session = { ...(await open()), mode: 'danger-full-access' };
    const prompt = "Stop me [[bash: trap '' HUP TERM INT; echo $$ > begun; while :; do sleep 1; done]]";
    const turn = startTurn(agent, session, prompt, 'stopped');
    const tool = Number(await read('begun'));
    await agent.cancel(session, never);
    expect(await turn.outcome).toMatchObject({ status: 'cancelled' });
    await vi.waitFor(() => expect(isRunning(tool)).toBe(false), patiently);
    await under.kill();
    agent = under.create();
    expect(await runTurn(agent, session, prompt, 'stopped')).toMatchObject({ status: 'cancelled' });
    expect(asksFor('Stop me')).toHaveLength(1);
  });

  test('a turn that a person started is waited for, not stopped', async () => {
    const session = await open();
    await personAsks(session, 'By hand [[slow: 1500]] [[say: For you.]]');
    expect((await runTurn(agent, session, 'By us')).reply).toBe('You asked before: "By hand". Now: "By us".');
    expect(await under.promptsIn(session)).toEqual(['By hand [[slow: 1500]] [[say: For you.]]', 'By us']);
  });

  test('after a turn the session is free for a Codex of their own, which is waited for', async () => {
    const session = await open();
    await runTurn(agent, session, 'Ours');
    const theirs = under.create({ folder: join(under.dir, 'theirs') });
    onTestFinished(() => theirs.close({ stop: true }));
    const turn = startTurn(theirs, session, 'In my own window [[slow: 2500]] [[say: Mine.]]');
    await isAsked('In my own window');
    expect((await runTurn(agent, session, 'After that')).reply).toBe(
      'You asked before: "Ours", "In my own window". Now: "After that".',
    );
    expect(await turn.outcome).toMatchObject({ reply: 'Mine.' });
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

  test('the mode of a session is its sandbox, and one that Codex has not is named', async () => {
    const session = await open();
    await runTurn(agent, { ...session, mode: 'read-only' }, 'Write [[bash: touch in-read-only]]');
    await expect(access(join(under.cwd, 'in-read-only'))).rejects.toThrow('ENOENT');
    await runTurn(agent, session, 'Write [[bash: touch in-workspace-write]]');
    await access(join(under.cwd, 'in-workspace-write'));
    expect(await runTurn(agent, { ...session, mode: 'nope' }, 'Hello')).toMatchObject({
      status: 'failed',
      error: { code: 'AGENT_UNKNOWN', message: expect.stringContaining('read-only') },
    });
    await expect(
      agent.open({ seed: 'refused', title: 'x', cwd: under.cwd, mode: 'nope' }, never),
    ).rejects.toMatchObject({ failure: { code: 'AGENT_UNKNOWN' } });
  });

  test('a conversation that was compacted in mid-turn ends with the answer to its own prompt', async () => {
    const session = await open();
    await runTurn(agent, session, 'Long story');
    expect(await runTurn(agent, session, 'Full [[overflow: 1]]', 'full')).toMatchObject({
      status: 'failed',
      error: { code: 'CONTEXT_OVERFLOW' },
    });
    expect(await runTurn(agent, session, 'Room again [[say: Yes.]]', 'room')).toMatchObject({
      status: 'completed',
      reply: 'Yes.',
    });
    expect(await runTurn(agent, session, 'Room again [[say: Yes.]]', 'room')).toMatchObject({
      reply: 'Yes.',
      recovered: 'harvested',
    });
  });

  test('a model that never comes to an end is stopped', async () => {
    const bounded = under.create({ maxSteps: 3 });
    const calls = '[[bash: true]] '.repeat(20);
    const outcome = await runTurn(bounded, await open(), `Endless ${calls}[[say: more]]`);
    expect(outcome).toMatchObject({
      status: 'failed',
      error: { code: 'MODEL_FAILED', message: expect.stringContaining('steps') },
    });
  });

  test('a provider that refuses for now is told while Codex asks it again', async () => {
    const turn = startTurn(agent, await open(), 'Busy [[status: 503 6]] [[say: Well.]]');
    expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'Well.' });
    expect(turn.progress.some(({ refused }) => refused?.code === 'AGENT_RATE_LIMITED')).toBe(true);
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
    await agent.close({ stop: false });
    expect(isRunning(pid)).toBe(false);
    agent = under.create();
  });

  test('its socket is for the owner only, also where the path of the data directory is too long for one', async () => {
    await open();
    const { socket } = await under.server();
    expect(((await stat(socket)).mode & 0o777).toString(8)).toBe('600');
    const deep = under.create({ folder: join(under.dir, 'deep-'.repeat(12), 'deep-'.repeat(12), 'codex') });
    onTestFinished(() => deep.close({ stop: true }));
    await deep.open({ seed: 'deep', title: 'Deep', cwd: under.cwd }, never);
  });

  test('what it says of itself has version and places, and starts nothing', async () => {
    const idle = under.create({ folder: join(under.dir, 'idle') });
    expect(await idle.describe()).toMatchObject({
      version: '0.169.0',
      program: expect.stringContaining('codex'),
      store: expect.stringContaining(under.dir),
      credentials: expect.stringContaining('scripted'),
    });
    const lost = under.create({ config: { kind: 'codex', path: '/not/there/codex' } });
    expect(await lost.describe()).toMatchObject({
      problem: { code: 'AGENT_NOT_FOUND', message: expect.stringContaining('/not/there/codex') },
    });
    await expect(access(join(under.dir, 'idle'))).rejects.toThrow('ENOENT');
  });

  test('a person goes on in the session with the program that is named', async () => {
    const session = await open();
    expect(await agent.interface(session)).toMatchObject({
      args: ['resume', '--remote', expect.stringContaining('unix://'), session.session_id],
      cwd: under.cwd,
    });
  });
});
