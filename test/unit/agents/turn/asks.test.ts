/** Which answer an ask gets in an attempt, after the answers that the attempts before it knew. */
import { describe, expect, test } from 'vitest';
import { Asks, bounded } from '../../../../src/agents/turn/asks.js';
import type { Answered, Ask, Decision } from '../../../../src/contract/asks.js';
import { MAX_ASK_BYTES } from '../../../../src/contract/limits.js';
import type { SessionId } from '../../../../src/contract/ids.js';
import { jsonBytes } from '../../../../src/contract/text.js';

const ask = (ask_id: string, text = 'rm x'): Ask => ({
  ask_id,
  kind: 'permission',
  tool: 'bash',
  text,
  takes: ['allow', 'always', 'deny'],
});
const given = (ask_id: string, decision: Decision, text?: string): Answered => ({
  ask: ask(ask_id, text),
  answer: { decision },
  by: 'person',
});
const decisionOf = (asks: Asks, one: Ask) => asks.answerTo(one)?.answered.answer.decision;

describe('an answer', () => {
  test('is for its ask, as long as the agent shows it', () => {
    const asks = new Asks([given('a', 'allow'), given('b', 'deny', 'another')]);
    expect(decisionOf(asks, ask('b', 'another'))).toBe('deny');
    expect(decisionOf(asks, ask('a'))).toBe('allow');
    expect(decisionOf(asks, ask('a'))).toBe('allow');
  });

  test('is given once more to an agent that was killed and asks the same under another name', () => {
    const asks = new Asks([given('a', 'allow')]);
    expect(decisionOf(asks, ask('again'))).toBe('allow');
    expect(decisionOf(asks, ask('again'))).toBe('allow');
    expect(decisionOf(asks, ask('once more'))).toBeUndefined();
  });

  test('to an older ask is no answer to the same ask of an agent that is past it', () => {
    const past = [given('a', 'allow'), given('other', 'allow', 'another'), given('b', 'allow')];
    const asks = new Asks(past);
    expect(decisionOf(asks, ask('b'))).toBe('allow');
    expect(decisionOf(asks, ask('c'))).toBeUndefined();
    const before = new Asks(past.slice(0, 2));
    expect(decisionOf(before, ask('other', 'another'))).toBe('allow');
    expect(decisionOf(before, ask('c'))).toBeUndefined();
  });

  test('to an older ask does not take the place of the newest, after a kill', () => {
    const asks = new Asks([given('a', 'allow'), given('b', 'deny')]);
    expect(decisionOf(asks, ask('b again'))).toBe('deny');
    expect(decisionOf(asks, ask('c'))).toBeUndefined();
  });

  test('to each of several that were open together is given again after a kill', () => {
    const asks = new Asks([given('a', 'allow', 'one'), given('b', 'deny', 'two')]);
    expect(decisionOf(asks, ask('a again', 'one'))).toBe('allow');
    expect(decisionOf(asks, ask('b again', 'two'))).toBe('deny');
  });
});

test.each([
  ['text', { text: '\u0007'.repeat(1_000_000) }],
  ['tool', { tool: '\u0007'.repeat(1_000_000) }],
  ['session', { session_id: 'é'.repeat(100_000) as SessionId }],
  ['kinds of answers', { takes: Array.from({ length: 10_000 }, () => 'allow' as const) }],
  ['options', { options: Array.from({ length: 10_000 }, () => ({ label: '\u0007'.repeat(9), description: 'é' })) }],
])('promise 7: an ask with any %s fits into its share', (_, huge) => {
  const cut = bounded({ ...ask('a'), ...huge });
  expect(cut).toMatchObject({ ask_id: 'a', kind: 'permission' });
  expect(jsonBytes(cut)).toBeLessThanOrEqual(MAX_ASK_BYTES);
});
