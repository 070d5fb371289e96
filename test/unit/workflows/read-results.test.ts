/**
 * What activities answer may come from an operator: what a topic needs is there, what else is bad
 * is left out.
 */
import { describe, expect, test } from 'vitest';
import { MAX_CHANGED_FILES_BYTES } from '../../../src/contract/limits.js';
import { changedIn, checkedIn, endedIn, openedIn, resolvedIn } from '../../../src/workflows/read-results.js';

const pinned = { host: 'h', agent: 'fake', cwd: '/', project: '/', store: '/store' };

test.each([
  null,
  'x',
  [],
  {},
  { session_id: 'ses_x' },
  { session_id: 'ses_x', pinned: { host: 'h' } },
  { session_id: 'ses_x', pinned: { ...pinned, cwd: 7 } },
])('%j opens no session', (answer) => {
  expect(openedIn(answer)).toBeUndefined();
});

test('a session that was opened is taken as it is, without what is of another type', () => {
  const whole = { session_id: 'ses_x', pinned: { ...pinned, model: 'm', skills: ['a'], host_timeout_ms: 7 } };
  expect(openedIn(whole)).toEqual(whole);
  expect(openedIn({ session_id: 'ses_x', pinned: { ...pinned, model: {}, skills: 7, category: 3 } })).toEqual({
    session_id: 'ses_x',
    pinned,
  });
});

test('what an agent brings is taken, without what is of another type, and otherwise nothing is', () => {
  const whole = { pinned: { ...pinned, kind: 'codex' }, kinds: { fake: 'opencode' } };
  expect(resolvedIn(whole)).toEqual(whole);
  expect(resolvedIn({ pinned: { ...pinned, kind: 7 }, kinds: { a: 7 } })).toEqual({ pinned, kinds: {} });
  for (const none of [null, 'x', {}, { pinned: {} }]) expect(resolvedIn(none)).toBeUndefined();
});

test('files that changed are taken within their bound, and are no error where there are none', () => {
  expect(changedIn({ stat: 'x'.repeat(5000) }).stat).toHaveLength(MAX_CHANGED_FILES_BYTES);
  for (const none of [null, 'x', {}, { stat: 7 }]) expect(changedIn(none)).toEqual({});
});

test('a turn that ended is taken as it is, with a code that a newer worker sends', () => {
  const whole = {
    status: 'failed',
    reply: 'x',
    attempts: 3,
    model: 'm',
    recovered: 'continued',
    usage: { input_tokens: 1 },
    ...{ fell_back_from: 'other', refused: '400 bad', compacted: 2, loss: 'full' },
    error: { code: 'NEW', message: 'm', fix: 'f' },
  };
  expect(endedIn(whole)).toEqual(whole);
});

test.each<[string, unknown]>([
  ['fell_back_from', 7],
  ['refused', 'x'.repeat(201)],
  ['compacted', -1],
  ['compacted', 'often'],
  ['loss', 'found'],
])('a turn that ended with %s: %j is taken without it', (field, value) => {
  expect(endedIn({ status: 'completed', reply: 'x', attempts: 1, [field]: value })).toEqual({
    ...{ status: 'completed', reply: 'x', attempts: 1 },
  });
});

test.each([null, [], { status: 'over', reply: '' }, { status: 'completed', reply: 7 }])('%j ends no turn', (answer) => {
  expect(endedIn(answer)).toBeUndefined();
});

test.each([[{ ran: [{ passed: true }] }], [{ ran: [null] }], [{ ran: {} }], [7]])(
  '%j is no run of checks',
  (answer) => {
    expect(checkedIn(answer)).toBeUndefined();
  },
);

test('checks that ran are taken, without an output that is no text', () => {
  expect(checkedIn({ ran: [{ run: 'x', passed: false, output: 7 }] })).toEqual({ ran: [{ run: 'x', passed: false }] });
});

describe('what a turn waits for', () => {
  const ask = { ask_id: 'a', kind: 'permission', text: 'rm x', takes: ['allow', 'deny'] };
  const answered = [{ ask, answer: { decision: 'allow' }, by: 'config' }];
  const waits = { for: 'answer', ask, within_ms: 1000, worked_ms: 1 };
  const ended = (facts: object) => endedIn({ status: 'failed', reply: '', attempts: 1, ...facts });

  test('is taken as it is', () => {
    expect(ended({ waits, answered })).toMatchObject({ waits, answered });
  });

  test.each([
    ['no timer lasts so long', { within_ms: 1e15 }],
    ['no time at all', { within_ms: 0 }],
    ['larger than a topic remembers', { ask: { ...ask, text: 'x'.repeat(9000) } }],
    ['no ask', { ask: { ...ask, takes: 'allow' } }],
  ])('is left out when it is unfit: %s', (_, unfit) => {
    expect(ended({ waits: { ...waits, ...unfit } })?.waits).toBeUndefined();
  });

  test('answers that are larger than a topic remembers are left out', () => {
    const large = [{ ask, answer: { decision: 'deny', text: 'x'.repeat(100_000) }, by: 'config' }];
    expect(ended({ answered: large })?.answered).toBeUndefined();
  });
});

test('a wait whose ask could not be worked with is no wait', () => {
  const budget = { name: 'steps_per_turn', limit: 2, used: 2, step: 2, turn: 1 };
  const asking = (ask: object) => ({
    ...{ status: 'failed', reply: '', attempts: 1 },
    waits: {
      ...{ for: 'answer', within_ms: 1000, worked_ms: 1 },
      ask: { ask_id: 'a', kind: 'budget', text: 'Go on?', takes: ['allow', 'reply'], ...ask },
    },
  });
  const waits = (ask: object) => endedIn(asking(ask))?.waits !== undefined;
  expect(waits({ budget })).toBe(true);
  expect(waits({ kind: 'permission' })).toBe(true);
  expect(waits({ kind: 'permission', budget })).toBe(false);
  for (const bad of [undefined, {}, { ...budget, name: 'dreams' }, { ...budget, used: 'a' }, { ...budget, step: NaN }])
    expect(waits({ budget: bad })).toBe(false);
});
