/** Agents that ask in ways in which none should: each is a real process. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { isRunning, processesOf } from '../support/processes.js';
import {
  actorThat,
  agentThat,
  begun,
  dir,
  env,
  heard,
  open,
  permissionsAsked,
  PROGRAM,
  promptsPutIn,
} from './acp-misbehaving-stage.js';
import { beginTurn, patiently } from './asking-turn.js';
import { never, runTurn } from './run.js';

const WORKER = fileURLToPath(new URL('../support/acp-worker.ts', import.meta.url));

async function turnOf(...does: string[]) {
  const { agent, driver } = actorThat(does);
  const session = await open(agent);
  return { agent, driver, session, turn: await beginTurn(driver, session, 'Clean up') };
}

test.each([
  ['allow', 'yes'],
  ['deny', 'no'],
] as const)('a permission waits for its answer: %s', async (decision, said) => {
  const { turn } = await turnOf('asks');
  const ask = await turn.asked();
  expect(ask).toMatchObject({ kind: 'permission', text: 'rm -rf build', takes: ['allow', 'deny'] });
  await turn.answer(ask, decision, 'Because.');
  expect(await turn.ended()).toMatchObject({ status: 'completed', reply: `I was answered: ${said}` });
  expect(await turn.asks()).toEqual([]);
});

test('a second answer to the same ask changes nothing', async () => {
  const { turn } = await turnOf('asks');
  const ask = await turn.asked();
  await turn.answer(ask, 'deny');
  await turn.answer(ask, 'allow');
  expect(await turn.ended()).toMatchObject({ reply: 'I was answered: no' });
  await turn.answer(ask, 'allow');
  expect(await heard()).toEqual(['no']);
});

test('an agent that offers nothing can only be denied', async () => {
  const { turn } = await turnOf('asks-nothing');
  const ask = await turn.asked();
  expect(ask.takes).toEqual(['deny']);
  await turn.answer(ask, 'deny');
  expect(await turn.ended()).toMatchObject({ status: 'completed', reply: 'I was answered: cancelled' });
});

test('an agent that offers a thousand options is answered with the one for once', async () => {
  const { turn } = await turnOf('asks-much');
  const ask = await turn.asked();
  expect(ask).toMatchObject({ kind: 'permission', takes: ['allow', 'deny'] });
  await turn.answer(ask, 'allow');
  expect(await turn.ended()).toMatchObject({ reply: 'I was answered: yes' });
});

test('two requests with the same id are two asks, and each has its own answer', async () => {
  const { turn } = await turnOf('asks-twice');
  const first = await turn.asked();
  const second = await turn.asked(first);
  await turn.answer(first, 'allow');
  expect((await turn.asks()).map(({ ask_id }) => ask_id)).toEqual([second.ask_id]);
  await turn.answer(second, 'deny');
  expect(await turn.ended()).toMatchObject({ reply: 'I was answered: yes and no' });
});

test('an ask in a session that is not known is shown with that session, as that of a sub-agent', async () => {
  const { turn } = await turnOf('asks-elsewhere');
  const ask = await turn.asked();
  expect(ask.session_id).toBe('nobody-knows');
  await turn.answer(ask, 'allow');
  expect(await turn.ended()).toMatchObject({ reply: 'I was answered: yes' });
});

test('an agent that asks more than a hundred things at once is told no for the rest', async () => {
  const { turn } = await turnOf('asks-often');
  await vi.waitFor(async () => expect(await turn.asks()).toHaveLength(100), patiently);
  // An answer before the agent was told no for the rest would make room for one of them.
  await vi.waitFor(async () => expect(await heard()).toHaveLength(50), patiently);
  for (const ask of await turn.asks()) await turn.answer(ask, 'allow');
  expect(await turn.ended()).toMatchObject({ reply: 'I was answered: 50' });
});

test('an agent that asks before there is a turn is told no at once, and nothing waits', async () => {
  const { agent, driver } = actorThat(['asks-early']);
  const session = await open(agent);
  expect(await heard()).toEqual(['cancelled']);
  expect(await driver.asks?.(session)).toEqual([]);
});

test('an agent that asks once its turn is over keeps nobody waiting, and its session takes the next prompt', async () => {
  const { agent, turn, session } = await turnOf('asks-late');
  expect(await turn.ended()).toMatchObject({ status: 'completed', reply: 'You said: Clean up' });
  expect(await turn.asks()).toEqual([]);
  await vi.waitFor(() => expect(processesOf(dir)).toEqual([]), patiently);
  expect(await runTurn(agent, session, 'Next')).toMatchObject({ status: 'completed', reply: 'You said: Next' });
});

test('what an agent takes back is no longer asked, and an answer to it changes nothing', async () => {
  const { turn } = await turnOf('takes-back');
  const ask = await turn.asked();
  await writeFile(join(dir, 'take-back'), '');
  expect(await turn.ended()).toMatchObject({ reply: 'I ask.I was answered: cancelled' });
  await turn.answer(ask, 'allow');
  expect(await heard()).toEqual(['cancelled']);
});

test('a form is a question for each of its fields, and a reply that is no number is asked for again', async () => {
  const { turn } = await turnOf('questions');
  const [name, count] = await vi.waitFor(async () => {
    const asks = await turn.asks();
    expect(asks).toHaveLength(2);
    return asks;
  }, patiently);
  if (!name || !count) throw new Error('Nothing is asked.');
  expect(name).toMatchObject({ kind: 'question', text: 'Who? ⏎ Name', takes: ['reply', 'deny'] });
  await turn.answer(count, 'reply', 'three');
  const again = await turn.asked(name);
  expect(again.text).toContain('"three" is not what can be answered here.');
  await turn.answer(again, 'reply', '3');
  await turn.answer(name, 'reply', 'Ada');
  const accepted = { action: 'accept', content: { count: 3, name: 'Ada' } };
  expect(await turn.ended()).toMatchObject({ reply: `I was answered: ${JSON.stringify(accepted)}` });
});

test('a question that is denied is declined', async () => {
  const { turn } = await turnOf('questions');
  await turn.answer(await turn.asked(), 'deny');
  expect(await turn.ended()).toMatchObject({ reply: 'I was answered: {"action":"decline"}' });
});

test('an ask that no attempt follows stays open, and is found and answered later', async () => {
  const { agent, driver, session, turn } = await turnOf('asks');
  const signals: string[] = [];
  const stop = driver.listen(session, driver.keyOf(session, 'x' as never), ({ type }) => signals.push(type));
  const ask = await turn.asked();
  stop();
  expect(await driver.isBusy(session)).toBe(true);
  const sight = await driver.look(session);
  expect(sight?.done()).toContainEqual({ type: 'blocked', on: 'waits for permission: rm -rf build' });
  expect(await turn.asked()).toEqual(ask);
  await turn.answer(ask, 'allow');
  expect(await turn.ended()).toMatchObject({ reply: 'I was answered: yes' });
  expect(signals).toContain('blocked');
  await agent.close({ stop: true });
});

test('an agent that waits for a person is not ended for being idle', async () => {
  const { agent, driver } = actorThat(['asks'], { idleMs: 300 });
  const waiting = await open(agent);
  const turn = await beginTurn(driver, waiting, 'Clean up');
  const ask = await turn.asked();
  const before = processesOf(dir).length;
  await open(agent);
  expect(processesOf(dir).length).toBeGreaterThan(before);
  // The one that has nothing to do ends.
  await vi.waitFor(() => expect(processesOf(dir)).toHaveLength(before), patiently);
  expect(await turn.asks()).toEqual([ask]);
  await turn.answer(ask, 'allow');
  expect(await turn.ended()).toMatchObject({ reply: 'I was answered: yes' });
});

test('a cancel comes before the answer that everything which waits is cancelled, and the session takes the next prompt', async () => {
  const { agent, turn, session } = await turnOf('asks');
  const ask = await turn.asked();
  await agent.cancel(session, never);
  expect(await turn.ended()).toMatchObject({ status: 'cancelled' });
  await turn.answer(ask, 'allow');
  expect(await turn.asks()).toEqual([]);
  expect(await heard()).toEqual(['cancel', 'cancelled']);
  expect(await runTurn(agentThat(), session, 'Next')).toMatchObject({ status: 'completed', reply: 'You said: Next' });
});

test('a worker that is killed while its agent waits takes the ask with it: OUTCOME_UNKNOWN, and nothing is asked any more', async () => {
  const session = await begun();
  const id = randomUUID();
  const args = [join(dir, 'continuity'), JSON.stringify(session), id, process.execPath, PROGRAM, '-asks'];
  const worker = spawn(process.execPath, ['--import', 'tsx', WORKER, ...args], { env: env(), stdio: 'inherit' });
  await vi.waitFor(async () => expect(await permissionsAsked()).toHaveLength(1), patiently);
  worker.kill('SIGKILL');
  await vi.waitFor(() => expect(isRunning(worker.pid ?? 0)).toBe(false), patiently);

  const { agent, driver } = actorThat([]);
  expect(await runTurn(agent, session, 'Go', id)).toMatchObject({ error: { code: 'OUTCOME_UNKNOWN' } });
  expect(await driver.asks?.(session)).toEqual([]);
  expect(processesOf(dir)).toEqual([]);
  expect(await heard()).toEqual([]);
  expect(await runTurn(agent, session, 'Next')).toMatchObject({ status: 'completed', reply: 'You said: Next' });
  expect(await promptsPutIn()).toEqual(['Hello', 'Go', 'Next']);
});
