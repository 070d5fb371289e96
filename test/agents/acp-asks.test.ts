/** What a real ACP agent, `opencode acp`, asks a person, with the permissions that it has by default. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import { acpUnderTest, type AcpUnderTest } from './acp-under-test.js';
import { beginTurn, patiently, type AskingTurn } from './asking-turn.js';
import { never, runTurn } from './run.js';

let under: AcpUnderTest;
let agent: Agent;
/** A directory that is not the session's: OpenCode asks before a tool works in it. */
let outside: string;

beforeAll(async () => {
  const asking = { mode: 'primary', permission: { bash: 'ask', external_directory: 'ask' } };
  under = await acpUnderTest({ permission: {}, agent: { asking } });
  agent = under.create();
  outside = join(under.dir, 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'source'), 'x\n');
});
afterAll(async () => {
  await agent.close({ stop: true });
  await under.dispose();
});

async function open(mode?: string): Promise<SessionRef> {
  const wanted = { model: under.model, ...(mode !== undefined && { mode }) };
  const opened = await agent.open({ seed: randomUUID(), title: 'Test', cwd: under.cwd, ...wanted }, never);
  return { ...opened, ...wanted, cwd: under.cwd };
}
async function begin(prompt: string, mode?: string): Promise<{ session: SessionRef; turn: AskingTurn }> {
  const session = await open(mode);
  return { session, turn: await beginTurn(under.driver(), session, prompt) };
}
const file = () => join(outside, randomUUID());
const read = (path: string) => readFile(path, 'utf8').catch(() => ''); // ENOENT: nothing was written.
/** OpenCode 1.18.33 asks for directories that are arguments of a command, and not for those of a redirection. */
const commandOf = (path: string) => `cat ${join(outside, 'source')} >> ${path}`;
const write = (path: string) => `[[bash: ${commandOf(path)}]]`;
const lastAsked = () => under.asked().at(-1);

test('a permission is shown with its command and its directory, and once it is allowed the tool runs once', async () => {
  const path = file();
  const { turn } = await begin(`Write ${write(path)} [[say: Written.]]`);
  const ask = await turn.asked();
  expect(ask).toMatchObject({ kind: 'permission', tool: 'bash', takes: ['allow', 'always', 'deny'] });
  expect(ask.text).toContain(commandOf(path));
  expect(ask.text).toContain(`"${outside}/*"`);
  expect(ask).not.toHaveProperty('session_id');
  expect(await read(path)).toBe('');
  await turn.answer(ask, 'allow');
  expect(await turn.ended()).toMatchObject({ status: 'completed', reply: 'Written.' });
  expect(await turn.asks()).toEqual([]);
  expect(await read(path)).toBe('x\n');
});

test('a denial keeps the tool from running, ends the turn of OpenCode, and the session takes the next prompt', async () => {
  const path = file();
  const { session, turn } = await begin(`Write ${write(path)} [[say: Written.]]`);
  await turn.answer(await turn.asked(), 'deny', 'Use another directory.');
  expect(await turn.ended()).toMatchObject({ status: 'completed', reply: '' });
  expect(await read(path)).toBe('');
  expect(await runTurn(agent, session, 'And now? [[say: Well.]]')).toMatchObject({ reply: 'Well.' });
  expect(lastAsked()?.messages).toBeGreaterThan(3);
});

test('what is always allowed is not asked again in the turn', async () => {
  const path = file();
  const { turn } = await begin(`Write ${write(path)} ${write(path)} [[say: Written.]]`);
  const ask = await turn.asked();
  await turn.answer(ask, 'always');
  expect(await turn.ended()).toMatchObject({ status: 'completed', reply: 'Written.' });
  expect(await read(path)).toBe('x\nx\n');
});

test('two permissions of one call are two asks, one after the other', async () => {
  const path = file();
  const { turn } = await begin(`Write ${write(path)} [[say: Written.]]`, 'asking');
  const first = await turn.asked();
  await turn.answer(first, 'allow');
  const second = await turn.asked(first);
  expect([first, second].map(({ tool }) => tool)).toEqual(['bash', 'bash']);
  expect(second.text).not.toBe(first.text);
  await turn.answer(first, 'deny');
  await turn.answer(second, 'allow');
  expect(await turn.ended()).toMatchObject({ status: 'completed', reply: 'Written.' });
  expect(await read(path)).toBe('x\n');
});

test('a cancel while it waits ends the turn as cancelled, and the session takes the next prompt', async () => {
  const path = file();
  const { session, turn } = await begin(`Write ${write(path)} [[say: Written.]]`);
  const ask = await turn.asked();
  await agent.cancel(session, never);
  expect(await turn.ended()).toMatchObject({ status: 'cancelled' });
  await turn.answer(ask, 'allow');
  expect([await turn.asks(), await read(path)]).toEqual([[], '']);
  expect(await runTurn(agent, session, 'And now? [[say: Well.]]')).toMatchObject({ reply: 'Well.' });
});

test('a killed agent takes its ask with it: OUTCOME_UNKNOWN, an answer changes nothing, and the session takes the next prompt', async () => {
  const path = file();
  const { session, turn } = await begin(`Write ${write(path)} [[say: Written.]]`);
  const ask = await turn.asked();
  await under.kill();
  expect(await turn.ended()).toMatchObject({ status: 'failed', error: { code: 'OUTCOME_UNKNOWN' } });
  await turn.answer(ask, 'allow');
  expect([await turn.asks(), await read(path)]).toEqual([[], '']);
  const prompt = `And now? ${write(path)} [[say: Well.]]`;
  const next = await beginTurn(under.driver(), session, prompt);
  const again = await next.asked();
  expect(again).toMatchObject({ kind: ask.kind, tool: ask.tool, text: ask.text });
  expect(again.ask_id).not.toBe(ask.ask_id);
  await next.answer(again, 'allow');
  expect(await next.ended()).toMatchObject({ status: 'completed', reply: 'Well.' });
  expect(await read(path)).toBe('x\n');
});

test('a sub-agent whose ask OpenCode does not pass on is stopped by a cancel, and the session takes the next prompt', async () => {
  const path = file();
  const { session, turn } = await begin(`Delegate [[task: Write {{bash: ${commandOf(path)}}} {{say: Done.}}]]`);
  await vi.waitFor(() => expect(lastAsked()?.asks.at(-1)).toMatch(/^Write/), patiently);
  await agent.cancel(session, never);
  await turn.ended(); // OpenCode 1.18.33 says `cancelled` or `end_turn`. The protocol reports the cancel.
  expect(await read(path)).toBe('');
  expect(await runTurn(agent, session, 'And now? [[say: Well.]]')).toMatchObject({ reply: 'Well.' });
});
