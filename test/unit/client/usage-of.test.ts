/** What `continuity usage` sums up, by day and from a day on. */
import { describe, expect, test } from 'vitest';
import { usageOf } from '../../../src/client/usage-of.js';
import type { UsedOnDay } from '../../../src/contract/ledger.js';
import type { TurnResult, Usage } from '../../../src/contract/types.js';
import type { TopicView } from '../../../src/contract/views.js';

const tokens = (input_tokens: number, cost_usd?: number): Usage => ({
  input_tokens,
  output_tokens: 0,
  reasoning_tokens: 0,
  cache_read_tokens: 0,
  cache_write_tokens: 0,
  ...(cost_usd !== undefined && { cost_usd }),
});

const on = (day: string, used: Usage, model?: string): UsedOnDay => ({
  day,
  agent: 'codex',
  ...(model !== undefined && { model }),
  turns: 1,
  used,
});

/** A topic that has worked last at the end of its last day. */
function view(topic: string, used: Usage, days?: UsedOnDay[]): TopicView {
  const last = { started_at: `${days?.at(-1)?.day ?? '2026-11-29'}T12:00:00.000Z`, duration_ms: 1 } as TurnResult;
  return {
    topic,
    project: '/work',
    turns: 4,
    used,
    ...(days && { days }),
    sessions: [],
    outcomes: [last],
  } as unknown as TopicView;
}

/** Two turns of it were before the ledger. */
const old = view('old', tokens(100, 10), [on('2026-11-28', tokens(20, 2), 'm'), on('2026-11-29', tokens(30, 3))]);
const young = view('young', tokens(7), [on('2026-11-29', tokens(7), 'm')]);
/** Of a release without a ledger. */
const untold = view('untold', tokens(1000, 1));
const from = new Date('2026-11-29T11:00:00.000Z');

const rows = (report: ReturnType<typeof usageOf>) =>
  report.rows.map(({ name, topics, turns, used }) => [name, topics, turns, used.input_tokens, used.cost_usd]);

describe('by day', () => {
  test('days are in order, and before them is what is not known by day', () => {
    const report = usageOf([old, young, untold], 'day');
    expect(rows(report)).toEqual([
      ['undated', 2, 6, 1050, 6],
      ['2026-11-28', 1, 1, 20, 2],
      ['2026-11-29', 2, 2, 37, undefined],
    ]);
    expect(report.total?.used.input_tokens).toBe(1107);
    expect(report).not.toHaveProperty('undated');
  });

  test('a topic whose days are all known has no such row', () => {
    expect(rows(usageOf([young], 'day'))).toEqual([['2026-11-29', 1, 1, 7, undefined]]);
  });
});

describe('from a day on', () => {
  test.each([
    ['day', [['2026-11-29', 2, 2, 37, undefined]]],
    ['project', [['/work', 2, 2, 37, undefined]]],
    ['agent', [['codex', 2, 2, 37, undefined]]],
  ] as const)('only what was used then counts, by %s', (by, expected) => {
    const report = usageOf([old, young], by, from);
    expect(rows(report)).toEqual(expected);
    expect(report).toMatchObject({ from: '2026-11-29', total: { used: { input_tokens: 37 } } });
  });

  test('by topic and by model, each is told apart', () => {
    expect(rows(usageOf([old, young], 'topic', from))).toEqual([
      ['old', 1, 1, 30, 3],
      ['young', 1, 1, 7, undefined],
    ]);
    expect(rows(usageOf([old, young], 'model', from))).toEqual([
      ['its default', 1, 1, 30, 3],
      ['m', 1, 1, 7, undefined],
    ]);
  });

  test('what was used at a time that is not known is told, and is in no row', () => {
    const report = usageOf([old, untold], 'topic', from);
    expect(rows(report)).toEqual([['old', 1, 1, 30, 3]]);
    expect(report.undated).toMatchObject({ topics: 2, used: { input_tokens: 1050, cost_usd: 6 } });
    expect(report).not.toHaveProperty('estimate');
  });

  test('a topic that has not worked since then does not count', () => {
    expect(rows(usageOf([old, young], 'topic', new Date('2026-11-29T13:00:00.000Z')))).toEqual([]);
  });
});
