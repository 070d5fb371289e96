/** A turn asks while an orchestrator waits for it over MCP. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mcpClientIn, type Elicits, type McpClient } from '../support/mcp-client.js';
import { startWorld, type World } from '../support/world.js';
import { type Surroundings, surroundingsOf } from './cli-command.js';

let world: World;
let surroundings: Surroundings;
let mcp: McpClient;
let elicits: Elicits = () => ({ action: 'cancel' });
let asking: McpClient;
beforeAll(async () => {
  world = await startWorld();
  surroundings = surroundingsOf(world);
  [mcp, asking] = await Promise.all([
    mcpClientIn(surroundings),
    mcpClientIn(surroundings, [], (params) => elicits(params)),
  ]);
});
afterAll(async () => {
  await mcp?.close();
  await asking?.close();
  await world?.dispose();
});

const ASK = '[[ask: bash | rm -rf dist]]';
const QUESTION = '[[question: Which one? | red, blue]]';
const aTopic = () => `t-${randomUUID().slice(0, 8)}`;
const open = (topic: string) =>
  expect
    .poll(async () => (await world.manager.view(topic).catch(() => undefined))?.running?.waiting)
    .toMatchObject({ for: 'answer' });

test('delegate_task returns as soon as its turn asks, says how to answer, and session_answer does it', async () => {
  const topic = aTopic();
  const begun = performance.now();
  const first = await mcp.call('delegate_task', { topic, prompt: ASK, wait_seconds: 40 });
  expect(performance.now() - begun).toBeLessThan(30_000);
  const { waiting_for, prompt_id } = first.content;
  expect(first.content).toMatchObject({ status: 'accepted', state: 'running' });
  const ask = waiting_for?.for === 'answer' ? waiting_for.ask : undefined;
  expect(ask).toMatchObject({ kind: 'permission', tool: 'bash', text: 'rm -rf dist' });
  expect(first.text).toContain('It waits for an answer to a permission for bash: rm -rf dist');
  expect(first.text).toContain(`call session_answer with this topic, ask_id "${ask?.ask_id}"`);
  const again = await mcp.call('session_outcome', { topic, prompt_id, wait_seconds: 40 });
  expect(again.content.waiting_for).toEqual(waiting_for);
  const wrong = await mcp.call('session_answer', { topic, decision: 'allow', ask_id: 'another' });
  expect(wrong).toMatchObject({ isError: true, content: { error: { code: 'ASK_UNKNOWN' } } });
  const answered = await mcp.call('session_answer', { topic, decision: 'allow', ask_id: ask?.ask_id });
  expect(answered.content).toEqual({ topic, effect: 'answered', ask_id: ask?.ask_id, decision: 'allow' });
  const ended = await mcp.call('session_outcome', { topic, prompt_id });
  expect(ended.content).toMatchObject({ status: 'completed', reply: 'The answers: allow' });
  expect(ended.text).toContain('Asked: bash: rm -rf dist → allowed by a person.');
});

test('session_view and session_list show what a topic waits for, and a session names it for session_answer', async () => {
  const topic = aTopic();
  await world.manager.delegate(topic, 'one');
  await mcp.call('delegate_task', { topic, prompt: QUESTION });
  const view = await mcp.call('session_view', { topic });
  expect(view.content).toMatchObject({ state: 'waiting', running: { waiting: { ask: { kind: 'question' } } } });
  const list = await mcp.call('session_list');
  expect(list.content).toMatchObject({
    topics: expect.arrayContaining([
      expect.objectContaining({
        topic,
        state: 'waiting',
        waiting: expect.objectContaining({ for: 'answer' }) as object,
      }),
    ]) as object[],
  });
  const { session_id } = view.content;
  const answered = await mcp.call('session_answer', { session_id, decision: 'reply', text: 'red' });
  expect(answered.content).toMatchObject({ topic, effect: 'answered', decision: 'reply' });
});

test('a turn that waits for a limit is waited for, and session_answer retries', async () => {
  const topic = aTopic();
  const first = await mcp.call('delegate_task', { topic, prompt: '[[quota: 20]]', wait_seconds: 3 });
  expect(first.content).toMatchObject({ status: 'accepted', waiting_for: { for: 'quota' } });
  expect(first.text).toContain('waits for the limit of its provider: AGENT_RATE_LIMITED');
  expect(first.text).toContain('call session_answer with decision "retry"');
  const retried = await mcp.call('session_answer', { topic, decision: 'retry' });
  expect(retried.content).toEqual({ topic, effect: 'retrying' });
  await mcp.call('session_cancel', { topic });
});

test('a client that can ask its person is asked what the turn asks, and the call returns the reply', async () => {
  const asked: string[] = [];
  elicits = (params) => {
    asked.push(params.message);
    return asked.length === 1
      ? { action: 'accept', content: { decision: 'deny', text: 'use trash' } }
      : { action: 'accept', content: { choice: 'blue' } };
  };
  const result = await asking.call('delegate_task', { topic: aTopic(), prompt: `${ASK} ${QUESTION}` });
  expect(result.content).toMatchObject({ status: 'completed', reply: 'The answers: deny: use trash; reply: blue' });
  expect(asked[0]).toContain('asks for permission to use bash:\nrm -rf dist');
  expect(asked[1]).toContain('has a question:\nWhich one?');
});

test('what the person declines stays open, and the call says so', async () => {
  elicits = () => ({ action: 'decline' });
  const topic = aTopic();
  const result = await asking.call('delegate_task', { topic, prompt: ASK });
  expect(result.content).toMatchObject({ status: 'accepted', waiting_for: { for: 'answer' } });
  await open(topic);
  const again = await asking.call('session_outcome', { topic, prompt_id: result.content.prompt_id });
  expect(again.content).toMatchObject({ status: 'accepted', waiting_for: { for: 'answer' } });
  await world.manager.answer(topic, { decision: 'allow' });
});

test('a person who answers after the call has ended answers all the same, and is asked once', async () => {
  let answer: (result: Awaited<ReturnType<Elicits>>) => void = () => undefined;
  let times = 0;
  elicits = () => {
    times += 1;
    return new Promise((resolve) => (answer = resolve));
  };
  const topic = aTopic();
  const first = await asking.call('delegate_task', { topic, prompt: ASK, wait_seconds: 3 });
  expect(first.content).toMatchObject({ status: 'accepted', waiting_for: { for: 'answer' } });
  const second = asking.call('session_outcome', { topic, prompt_id: first.content.prompt_id });
  answer({ action: 'accept', content: { decision: 'always' } });
  expect((await second).content).toMatchObject({ status: 'completed', reply: 'The answers: always' });
  expect(times).toBe(1);
});

test('what somebody else answers ends the question to the person, and the call returns the reply', async () => {
  elicits = () => new Promise(() => undefined);
  const topic = aTopic();
  const call = asking.call('delegate_task', { topic, prompt: ASK });
  await open(topic);
  await world.manager.answer(topic, { decision: 'allow' });
  expect((await call).content).toMatchObject({ status: 'completed', reply: 'The answers: allow' });
});
