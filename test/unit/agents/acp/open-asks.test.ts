import { expect, test } from 'vitest';
import { MOST_OPEN, OpenAsks, type Asking } from '../../../../src/agents/acp/open-asks.js';
import type { Ask } from '../../../../src/contract/asks.js';

const never = new AbortController().signal;
const asking = (ask_id: string): Asking => {
  const ask: Ask = { ask_id, kind: 'permission', text: ask_id, takes: ['allow', 'deny'] };
  return { asks: [ask], take: (_ask, { decision }) => ({ decision }) };
};
const ids = (asks: OpenAsks) => asks.all.map(({ ask_id }) => ask_id);
const ALLOW = { decision: 'allow' } as const;

test('an ask is answered once, and an answer to one that is gone changes nothing', async () => {
  let changed = 0;
  const asks = new OpenAsks(() => changed++);
  const [one, two] = [asks.open('permission', asking('1'), never), asks.open('permission', asking('2'), never)];
  expect(ids(asks)).toEqual(['1', '2']);
  asks.answer({ ask_id: '1' }, ALLOW);
  expect(await one).toEqual(ALLOW);
  for (const ask_id of ['1', 'unknown']) asks.answer({ ask_id }, { decision: 'deny' });
  expect([ids(asks), changed]).toEqual([['2'], 3]);
  asks.withdrawAll();
  expect(await two).toEqual({ outcome: { outcome: 'cancelled' } });
  expect(ids(asks)).toEqual([]);
});

test('a decision that an ask does not take is refused, and the ask stays', () => {
  const asks = new OpenAsks(() => undefined);
  void asks.open('permission', asking('1'), never);
  expect(() => asks.answer({ ask_id: '1' }, { decision: 'always' })).toThrow(/takes allow, deny, and always was given/);
  expect(ids(asks)).toEqual(['1']);
});

test('what the agent takes back is gone', async () => {
  const asks = new OpenAsks(() => undefined);
  const gone = new AbortController();
  const answer = asks.open('question', asking('1'), gone.signal);
  gone.abort();
  expect(await answer).toEqual({ action: 'cancel' });
  expect(ids(asks)).toEqual([]);
  expect(await asks.open('question', asking('2'), gone.signal)).toEqual({ action: 'cancel' });
});

test('an agent that asks without an end is not kept', () => {
  const asks = new OpenAsks(() => undefined);
  for (let at = 0; at < MOST_OPEN; at++) void asks.open('permission', asking(`${at}`), new AbortController().signal);
  expect(asks.open('permission', asking('more'), never)).toBeUndefined();
  expect(ids(asks)).toHaveLength(MOST_OPEN);
});
