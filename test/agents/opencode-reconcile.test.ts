/**
 * Reconcile before prompting: whatever an attempt finds of its prompt, the prompt is in the session
 * once, and the turn ends with its own outcome or says that it is not known. Every situation, and
 * where it is made with a real server:
 *
 *   ended while nobody listened               conformance.ts    what ended while no worker was there is harvested
 *   still running when a new worker comes     opencode.test.ts  a worker that died leaves its server and turn to the next one
 *   cut off in a model call                   opencode.test.ts  a worker that died together with its server …
 *   cut off in a tool                         opencode-orphans.test.ts
 *   cut off in a compaction                   here
 *   stored without its part                   here
 *   stored, never started                     here
 *   not stored, or just about to be           opencode.test.ts  a server that is killed right after a prompt was sent holds it once
 *   overtaken by a person                     opencode.test.ts  a prompt that a person overtook is not asked again …
 *   behind a person's turn                    opencode.test.ts  a turn that a person started is waited for, not stopped
 *   cancelled, then crashed                   here
 *   aborted in a provider's retry             conformance.ts    a cancelled prompt is not resumed by another attempt
 *   cut off before its end was noted          here
 *   the session is gone, or of another store  conformance.ts    the last two claims
 *   the server does not answer                here
 *   the store is locked for a while           here
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import { messageIdOf, partIdOf } from '../../src/agents/opencode/ids.js';
import type { PromptId } from '../../src/contract/ids.js';
import { isRunning } from '../support/processes.js';
import { openCodeUnderTest, type OpenCodeUnderTest } from './opencode-under-test.js';
import { never, runTurn, startTurn } from './run.js';

let under: OpenCodeUnderTest;
let agent: Agent;
let seeds = 0;
beforeAll(async () => {
  under = await openCodeUnderTest();
  agent = under.create();
});
afterAll(async () => {
  await agent?.close({ stop: true });
  await under?.dispose();
});

const patiently = { timeout: 60_000, interval: 50 };
async function open(): Promise<SessionRef> {
  const opened = await agent.open(
    { seed: `seed ${++seeds}`, title: `Topic ${seeds}`, cwd: under.cwd, model: under.model },
    never,
  );
  return { ...opened, model: under.model, cwd: under.cwd };
}
const asksFor = (text: string) => under.asked().filter(({ asks }) => asks.at(-1)?.includes(text));
const isAsked = (text: string) => vi.waitFor(() => expect(asksFor(text).length).toBeGreaterThan(0), patiently);

/** The prompt as an attempt that died left it: stored under its ids, and nobody at work. */
async function leave(
  { session_id, cwd }: SessionRef,
  prompt: string,
  id: string,
  { part }: { part: boolean },
): Promise<void> {
  const messageID = messageIdOf(session_id, id as PromptId);
  const parts = part ? [{ id: partIdOf(messageID), type: 'text' as const, text: prompt }] : [];
  const model = { providerID: 'scripted', modelID: 'model' };
  await (
    await under.client()
  ).session.prompt({ sessionID: session_id, directory: cwd, messageID, parts, model, noReply: true });
}

describe('Reconcile before prompting:', () => {
  test.each([
    ['without its part', { part: false }],
    ['and never started', { part: true }],
  ])('a prompt that was stored %s is answered, and is in the session once', async (how, state) => {
    const session = await open();
    await runTurn(agent, session, 'Before');
    const prompt = `Stored ${how} [[say: Answered.]]`;
    await leave(session, prompt, 'left', state);
    expect(asksFor(prompt)).toEqual([]);
    expect(await under.promptsIn(session)).toEqual(['Before', state.part ? prompt : '']);
    expect(await runTurn(agent, session, prompt, 'left')).toMatchObject({
      status: 'completed',
      reply: 'Answered.',
      recovered: 'continued',
    });
    expect(await under.promptsIn(session)).toEqual(['Before', prompt]);
    expect(asksFor(prompt)).toHaveLength(1);
  });

  test('a turn that was cut off in a compaction ends with the answer to its own prompt', async () => {
    const session = await open();
    await runTurn(agent, session, 'Long story [[summary: 3000]] [[say: Once upon a time.]]');
    const prompt = 'Full [[overflow: 1]] [[summary: 3000]] [[say: Room again.]]';
    const turn = startTurn(agent, session, prompt, 'full');
    await vi.waitFor(async () => {
      const { data } = await (await under.client()).session.messages({ sessionID: session.session_id });
      expect(data?.some(({ info }) => info.role === 'assistant' && info.summary && !info.time.completed)).toBe(true);
    }, patiently);
    await under.kill();
    expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'Room again.', recovered: 'continued' });
    expect(await runTurn(agent, session, prompt, 'full')).toMatchObject({
      reply: 'Room again.',
      recovered: 'harvested',
    });
  });

  test('a turn that was cancelled just when everything crashed is never resumed', async () => {
    const session = await open();
    const turn = startTurn(agent, session, 'Stop it [[hang]]', 'stop');
    await isAsked('Stop it');
    turn.detach();
    await expect(turn.outcome).rejects.toThrow('detached');
    await under.kill();
    agent = under.create();
    await agent.cancel(session, never);
    await under.kill();
    agent = under.create();
    expect(await runTurn(agent, session, 'Stop it [[hang]]', 'stop')).toMatchObject({ status: 'cancelled' });
    expect(asksFor('Stop it')).toHaveLength(1);
    expect(await runTurn(agent, session, 'Go on [[say: Gone on.]]')).toMatchObject({
      status: 'completed',
      reply: 'Gone on.',
    });
  });

  test('a server that is alive but does not answer is replaced, and the turn goes on', async () => {
    const session = await open();
    const { pid } = await under.server();
    const prompt = 'Frozen [[bash: sleep 1]] [[slow: 2000]] [[say: Thawed.]]';
    const turn = startTurn(agent, session, prompt);
    await isAsked('Frozen');
    process.kill(pid, 'SIGSTOP');
    expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'Thawed.', recovered: 'continued' });
    expect(isRunning(pid)).toBe(false);
    expect(await under.promptsIn(session)).toEqual([prompt]);
  }, 120_000);

  test('notes of prompts that were cancelled long ago are removed at the start', async () => {
    const folder = join(under.dir, 'old', 'agents', 'opencode', 'cancelled');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'msg_old'), '');
    const then = new Date(Date.now() - 91 * 24 * 60 * 60 * 1000);
    await utimes(join(folder, 'msg_old'), then, then);
    const old = under.create({ dataDir: join(under.dir, 'old') });
    onTestFinished(() => old.close({ stop: true }));
    await old.cancel(await open(), never);
    await expect(stat(join(folder, 'msg_old'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

/**
 * Holds the store for itself, as a backup or another program does. Node 20 has no SQLite of its
 * own.
 */
const HOLD = `
import sqlite3, sys
store = sqlite3.connect(sys.argv[1], isolation_level=None)
store.execute('BEGIN EXCLUSIVE')
print('held', flush=True)
sys.stdin.read()
store.execute('ROLLBACK')
`;

const hasSqlite = spawnSync('python3', ['-c', 'import sqlite3']).status === 0;

/** As a kill leaves it that comes when the model has ended, and OpenCode has not yet noted when. */
const NOT_YET_COMPLETED = `
import sqlite3, sys
store = sqlite3.connect(sys.argv[1], isolation_level=None)
answers = "session_id = ? AND json_extract(data, '$.role') = 'assistant'"
print(store.execute("UPDATE message SET data = json_remove(data, '$.time.completed') WHERE " + answers, [sys.argv[2]]).rowcount)
`;

test.skipIf(!hasSqlite)(
  'a turn that was cut off between its last word and the note of its end is harvested',
  async () => {
    const session = await open();
    const prompt = 'To the last word [[say: Said.]]';
    await runTurn(agent, session, prompt, 'last');
    await under.kill();
    expect(
      spawnSync('python3', ['-c', NOT_YET_COMPLETED, session.store, session.session_id], { encoding: 'utf8' }).stdout,
    ).toBe('1\n');
    agent = under.create();
    expect(await runTurn(agent, session, prompt, 'last')).toMatchObject({
      status: 'completed',
      reply: 'Said.',
      recovered: 'harvested',
    });
    expect(asksFor(prompt)).toHaveLength(1);
    expect(await under.promptsIn(session)).toEqual([prompt]);
  },
);

describe.skipIf(!hasSqlite)("While another program holds OpenCode's store", () => {
  async function hold(store: string) {
    const holder = spawn('python3', ['-c', HOLD, store], { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => void holder.kill('SIGKILL'));
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    return () => holder.stdin.end();
  }

  test('a prompt is neither lost nor given up: it can be tried again, and is put in once', async () => {
    const session = await open();
    await runTurn(agent, session, 'Before');
    const prompt = 'Locked out [[say: Let in.]]';
    const letGo = await hold(session.store);
    await expect(runTurn(agent, session, prompt, 'out')).rejects.toMatchObject({
      retryable: true,
      failure: { code: 'AGENT_CRASHED' },
    });
    letGo();
    expect(await runTurn(agent, session, prompt, 'out')).toMatchObject({ status: 'completed', reply: 'Let in.' });
    expect(await under.promptsIn(session)).toEqual(['Before', prompt]);
  }, 120_000);

  test('a turn at work ends with what OpenCode says, and the session takes the next prompt', async () => {
    const session = await open();
    const turn = startTurn(agent, session, 'Locked in [[slow: 1500]] [[say: Let out.]]');
    await isAsked('Locked in');
    const letGo = await hold(session.store);
    setTimeout(letGo, 8_000); // Longer than OpenCode waits for its store.
    const outcome = await turn.outcome;
    expect(outcome).toMatchObject({
      status: 'failed',
      error: { code: 'MODEL_FAILED', message: expect.stringContaining('OpenCode broke the turn off') },
    });
    expect(outcome.error?.message).not.toMatch(/\n/);
    expect(await runTurn(agent, session, 'And now? [[say: Well.]]')).toMatchObject({
      status: 'completed',
      reply: 'Well.',
    });
  }, 120_000);
});
