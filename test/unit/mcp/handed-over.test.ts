/** When a call attaches to the one before, and when it is asked anew. */
import { beforeEach, expect, test } from 'vitest';
import type { SessionManager } from '../../../src/client/session-manager.js';
import type { PromptState } from '../../../src/contract/types.js';
import type { Call } from '../../../src/mcp/call.js';
import { HandedOver } from '../../../src/mcp/handed-over.js';

let handedOver: HandedOver;
let ids: number;
let state: object | Error;
beforeEach(() => {
  handedOver = new HandedOver();
  ids = 0;
  state = { state: 'running' };
});

/** The one place where a topic is asked. */
const using = (async (work) =>
  work({
    outcome: () => (state instanceof Error ? Promise.reject(state) : Promise.resolve(state as PromptState)),
  } as unknown as SessionManager)) as Call['using'];
const begun = (asked: object = { prompt: 'x' }) => handedOver.attachOrStart(asked, () => `p-${(ids += 1)}`, using);
const ended = (status: string, minutesAgo: number) => ({
  state: 'ended',
  outcome: { status, started_at: new Date(Date.now() - minutesAgo * 60_000).toISOString(), duration_ms: 0 },
});

async function over(delivered: boolean, asked?: object, topic = 't') {
  const { handed } = await begun(asked);
  handedOver.accepted(topic, handed, performance.now(), true);
  handedOver.over(handed, delivered);
  return handed;
}

test('a call without its answer is attached to, and one with its answer is asked anew', async () => {
  await over(false);
  expect(await begun()).toMatchObject({ handed: { prompt_id: 'p-1' }, attached: true });
  await over(true, { prompt: 'y' });
  expect(await begun({ prompt: 'y' })).toMatchObject({ handed: { prompt_id: 'p-3' }, attached: false });
});

test('calls at the same moment are one prompt, also when the one before is no longer wanted', async () => {
  const three = await Promise.all([begun(), begun(), begun()]);
  expect(three.map(({ handed }) => handed.prompt_id)).toEqual(['p-1', 'p-1', 'p-1']);
  expect(three.map(({ attached }) => attached)).toEqual([false, true, true]);
  for (const { handed } of three) handedOver.over(handed, false);
  three[0].handed.topic = 't';
  state = ended('cancelled', 0);
  const later = await Promise.all([begun(), begun()]);
  expect(later.map(({ handed }) => handed.prompt_id)).toEqual(['p-2', 'p-2']);
});

test('the same in another order of its fields is the same, and another value is not', async () => {
  await over(false, { prompt: 'x', limits: { a: 1, b: 2 } });
  expect((await begun({ limits: { b: 2, a: 1 }, prompt: 'x' })).attached).toBe(true);
  expect((await begun({ limits: { b: 2, a: 2 }, prompt: 'x' })).attached).toBe(false);
});

test.each<[string, object | Error, boolean]>([
  ['is queued', { state: 'queued' }, true],
  ['runs', { state: 'running' }, true],
  ['ended a minute ago', ended('completed', 1), true],
  ['failed a minute ago', ended('failed', 1), true],
  ['ended an hour ago', ended('completed', 60), false],
  ['was cancelled', ended('cancelled', 1), false],
  ['is forgotten', { state: 'ended' }, false],
  ['was refused', { state: 'refused' }, false],
  ['may not have got in', { state: 'unknown' }, true],
  ['cannot be asked for', new Error('Temporal is away'), true],
])('a prompt that %s', async (_, told, attached) => {
  await over(false);
  state = told;
  expect((await begun()).attached).toBe(attached);
});

test('what the topic was asked meanwhile makes the same call a new one', async () => {
  await over(false, { prompt: 'run the tests' });
  await over(true, { prompt: 'fix them' });
  expect((await begun({ prompt: 'run the tests' })).attached).toBe(false);
  await over(false, { prompt: 'run the tests' }, 'another');
  await over(true, { prompt: 'fix them' });
  expect((await begun({ prompt: 'run the tests' })).attached).toBe(true);
});

test('calls that were given up together are tried again together', async () => {
  const three = await Promise.all(['a', 'b', 'c'].map((prompt) => begun({ prompt })));
  const at = performance.now();
  for (const { handed } of three) handedOver.accepted('t', handed, at, true);
  for (const { handed } of three) handedOver.over(handed, false);
  const again = await Promise.all(['a', 'b', 'c'].map((prompt) => begun({ prompt })));
  for (const { handed } of again) handedOver.accepted('t', handed, performance.now(), false);
  expect(again.map(({ attached }) => attached)).toEqual([true, true, true]);
});

test('an outcome that session_outcome delivered is delivered', async () => {
  const { prompt_id } = await over(false);
  handedOver.delivered({ topic: 't', prompt_id });
  expect((await begun()).attached).toBe(false);
});

test('it remembers so many calls and topics, and forgets the oldest', async () => {
  for (let number = 0; number <= 1000; number += 1) await over(false, { prompt: `${number}` }, `t-${number}`);
  expect((await begun({ prompt: '0' })).attached).toBe(false);
  expect((await begun({ prompt: '1000' })).attached).toBe(true);
  expect([handedOver.has('t-0'), handedOver.has('t-1000')]).toEqual([false, true]);
});
