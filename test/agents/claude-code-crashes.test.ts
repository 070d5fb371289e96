/**
 * Workers and agents that are killed, turns that are stopped, and a person's own program on the
 * same session.
 */
import { appendFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { sessionFileOf } from '../../src/agents/claude-code/store.js';
import { isRunning } from '../support/processes.js';
import { because, claudeStage, isMissing, patiently } from './claude-code-stage.js';
import { never, runTurn, startTurn } from './run.js';

describe.skipIf(isMissing)(`Claude Code${because}`, () => {
  const stage = claudeStage();

  test('a worker that died leaves its run and turn to the next one', async () => {
    const session = await stage.open();
    const prompt = 'Adopted [[bash: echo one; sleep 1]] [[slow: 1500]] [[say: By another.]]';
    const turn = startTurn(stage.agent, session, prompt, 'adopted');
    await stage.isAsked('Adopted');
    const pid = await stage.pidIn(session);
    const next = await stage.abandon(turn);
    const taken = startTurn(next, session, prompt, 'adopted');
    expect(await taken.outcome).toMatchObject({ reply: 'By another.', recovered: 'reattached' });
    expect(isRunning(pid)).toBe(false);
    expect(stage.asksFor('Adopted')).toHaveLength(2);
    expect(await stage.under.promptsIn(session)).toEqual([prompt]);
  });

  test('an agent that is killed right after it was started holds the prompt once', async () => {
    for (const ms of [0, 30, 60, 600]) {
      const session = await stage.open();
      const prompt = `Killed after ${ms} ms [[say: Still here.]]`;
      const turn = startTurn(stage.agent, session, prompt);
      const pid = await stage.pidIn(session);
      await sleep(ms); // Not to wait for something: to hit the moments between the start and the prompt's being stored.
      process.kill(pid, 'SIGKILL');
      expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'Still here.' });
      expect(await stage.under.promptsIn(session)).toEqual([prompt]);
    }
  });

  test('a killed agent leaves a tool, which is ended before the turn goes on', async () => {
    const session = await stage.open();
    const prompt =
      'Orphan [[bash: test -e once && echo again || { touch once; echo $$ > tool.pid; exec sleep 300; }]] [[say: Done.]]';
    const turn = startTurn(stage.agent, session, prompt);
    const tool = Number(await stage.read('tool.pid'));
    expect(isRunning(tool)).toBe(true);
    process.kill(await stage.pidIn(session), 'SIGKILL');
    expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'Done.', recovered: 'continued' });
    expect(isRunning(tool)).toBe(false);
    expect(await stage.under.promptsIn(session)).toEqual([prompt]);
  });

  test('an agent that is killed while its model answers goes on, and the answer is whole', async () => {
    const session = await stage.open();
    const prompt =
      'Streams [[bash: echo x >> streams]] [[stream: 3000]] [[say: One two three four five six seven eight nine ten.]]';
    const turn = startTurn(stage.agent, session, prompt);
    await vi.waitFor(() => expect(turn.progress.at(-1)?.text_tail).toContain('two'), patiently);
    process.kill(await stage.pidIn(session), 'SIGKILL');
    expect(await turn.outcome).toMatchObject({
      status: 'completed',
      reply: 'One two three four five six seven eight nine ten.',
      recovered: 'continued',
    });
    expect(await stage.read('streams')).toBe('x');
  });

  test('a worker that died together with its agent has its turn continued by the next one, call after call', async () => {
    const session = await stage.open();
    const prompt = 'Both gone [[bash: echo x >> both]] [[slow: 2500]] [[say: Continued.]]';
    let turn = startTurn(stage.agent, session, prompt, 'both');
    for (const times of [2, 3]) {
      await stage.isAsked('Both gone', times);
      // Claude Code stores a row up to 150 ms after it went on. A tool whose result is not stored
      // is called again.
      await stage.hasResults(session, 1);
      process.kill(await stage.pidIn(session), 'SIGKILL');
      turn = startTurn(await stage.abandon(turn), session, prompt, 'both');
    }
    expect(await turn.outcome).toMatchObject({ reply: 'Continued.', recovered: 'continued' });
    expect(await stage.read('both')).toBe('x');
    expect(await stage.under.promptsIn(session)).toEqual([prompt]);
    expect((await runTurn(stage.agent, session, 'After that')).reply).toBe(
      'You asked before: "Both gone". Now: "After that".',
    );
  });

  test('more kills in one turn than it may be gone on with do not end it', async () => {
    const session = await stage.open();
    const prompt = 'Often [[slow: 1500]] [[say: At last.]]';
    const turn = startTurn(stage.agent, session, prompt);
    for (let kills = 0; kills < 7; kills++) {
      await stage.isAsked('Often', kills + 1);
      process.kill(await stage.pidIn(session), 'SIGKILL');
    }
    expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'At last.' });
    expect(await stage.under.promptsIn(session)).toEqual([prompt]);
  });

  test('a turn that was cancelled is never resumed, also where the kill came before the agent could note it', async () => {
    const session = await stage.open();
    const prompt = 'Cancelled [[bash: sleep 300]]';
    const turn = startTurn(stage.agent, session, prompt, 'cancelled');
    await stage.isAsked('Cancelled');
    const pid = await stage.pidIn(session);
    process.kill(pid, 'SIGSTOP'); // It can't note anything.
    const cancelling = stage.agent.cancel(session, never);
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false), patiently);
    await cancelling;
    expect(await turn.outcome).toMatchObject({ status: 'cancelled' });
    stage.renew();
    expect(await runTurn(stage.agent, session, prompt, 'cancelled')).toMatchObject({ status: 'cancelled' });
    expect(stage.asksFor('Cancelled')).toHaveLength(1);
    expect(await runTurn(stage.agent, session, 'Go on [[say: Gone on.]]')).toMatchObject({
      status: 'completed',
      reply: 'Gone on.',
    });
  });

  test('a turn that is cancelled before the agent has stored its prompt stays cancelled', async () => {
    const session = await stage.open();
    const turn = startTurn(stage.agent, session, 'Too early [[say: No.]]', 'early');
    await stage.pidIn(session);
    await stage.agent.cancel(session, never);
    expect(await turn.outcome).toMatchObject({ status: 'cancelled' });
    expect(await runTurn(stage.under.create(), session, 'Too early [[say: No.]]', 'early')).toMatchObject({
      status: 'cancelled',
    });
    expect(await runTurn(stage.agent, session, 'Later [[say: Yes.]]')).toMatchObject({
      status: 'completed',
      reply: 'Yes.',
    });
  });

  test("a tool is ended with the turn that is cancelled, and the session's file says so", async () => {
    const session = await stage.open();
    const turn = startTurn(stage.agent, session, 'With a tool [[bash: echo $$ > cancel.pid; exec sleep 300]]');
    const tool = Number(await stage.read('cancel.pid'));
    await stage.agent.cancel(session, never);
    expect(await turn.outcome).toMatchObject({ status: 'cancelled' });
    expect(isRunning(tool)).toBe(false);
    expect(JSON.stringify(await stage.under.rowsIn(session))).toContain('[Request interrupted by user');
  });

  test('letting go leaves a run that works; stopping ends it, and its turn is resumed later', async () => {
    const session = await stage.open();
    const prompt = 'Work on [[slow: 4000]] [[say: Worked.]]';
    const turn = startTurn(stage.agent, session, prompt, 'work on');
    await stage.isStored(session, prompt);
    await stage.isAsked('Work on');
    const pid = await stage.pidIn(session);
    const next = await stage.abandon(turn);
    await next.close({ stop: false });
    expect(isRunning(pid)).toBe(true);
    await next.close({ stop: true });
    expect(isRunning(pid)).toBe(false);
    stage.renew();
    expect(await runTurn(stage.agent, session, prompt, 'work on')).toMatchObject({
      status: 'completed',
      reply: 'Worked.',
      recovered: 'continued',
    });
  });

  test("a person's own Claude Code on the session is waited for, and never stopped", async () => {
    const session = await stage.open();
    await runTurn(stage.agent, session, 'First');
    const person = stage.personOn(session);
    person.says('By hand [[slow: 1500]] [[say: For you.]]');
    await stage.isAsked('By hand');
    await person.isThere();
    const turn = startTurn(stage.agent, session, 'By us');
    await vi.waitFor(() => expect(stage.under.asked().at(-1)?.asks.at(-1)).toContain('By hand'), patiently);
    expect(stage.under.pidIn(session)).toBeUndefined();
    person.leave();
    await person.isGone();
    expect((await turn.outcome).reply).toBe('You asked before: "First", "By hand". Now: "By us".');
  });

  test('a turn of ours that ended is told although a person has the session open, and after they went on from before it', async () => {
    const session = await stage.open();
    await runTurn(stage.agent, session, 'Before');
    const before = (await stage.under.rowsIn(session)).findLast(({ type }) => type === 'assistant');
    const prompt = 'Beside a person [[say: Told.]]';
    await runTurn(stage.agent, session, prompt, 'beside');
    const person = stage.personOn(session);
    person.says('Opens it [[say: Opened.]]');
    await person.isThere();
    await stage.isAsked('Opens it');
    expect(await runTurn(stage.agent, session, prompt, 'beside')).toMatchObject({
      status: 'completed',
      reply: 'Told.',
      recovered: 'harvested',
    });
    await person.isThere();
    person.leave();
    await person.isGone();
    // A program that was there before our turn goes on from what it had read. Then ours is no
    // longer in the conversation.
    const typed = {
      ...before,
      type: 'user',
      uuid: '00000000-0000-4000-8000-000000000001',
      parentUuid: before?.uuid,
      message: { role: 'user', content: 'Typed later' },
    };
    await appendFile(await sessionFileOf(stage.under.home.store, session), `${JSON.stringify(typed)}\n`);
    expect(await stage.under.promptsIn(session)).toEqual(['Before', 'Typed later']);
    expect(await runTurn(stage.agent, session, prompt, 'beside')).toMatchObject({
      status: 'completed',
      reply: 'Told.',
      recovered: 'harvested',
    });
  });

  test('a prompt that a person overtook is not asked again: its outcome is unknown', async () => {
    const session = await stage.open();
    const turn = startTurn(stage.agent, session, 'Overtaken [[hang]]', 'overtaken');
    await stage.isAsked('Overtaken');
    await stage.isStored(session, 'Overtaken [[hang]]');
    const pid = await stage.pidIn(session);
    const next = await stage.abandon(turn);
    process.kill(pid, 'SIGKILL');
    const person = stage.personOn(session);
    person.says('Never mind [[say: Fine.]]');
    await stage.isAsked('Never mind');
    person.leave();
    await person.isGone();
    expect(await runTurn(next, session, 'Overtaken [[hang]]', 'overtaken')).toMatchObject({
      status: 'failed',
      error: { code: 'OUTCOME_UNKNOWN' },
    });
    expect(stage.asksFor('Overtaken')).toHaveLength(1);
  });
});
