/** What was used by day: whatever an agent reports and however a clock jumps. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SessionId } from '../../../src/contract/ids.js';
import { addToLedger, daysOf, undatedIn, type LedgerEntry } from '../../../src/contract/ledger.js';
import { MAX_LEDGER_BYTES, MAX_LEDGER_DAYS } from '../../../src/contract/limits.js';
import { jsonBytes } from '../../../src/contract/text.js';
import type { Pinned, Usage } from '../../../src/contract/types.js';
import { sumOf, tokensOf } from '../../../src/contract/usage.js';
import { addSession, newTopicState } from '../../../src/workflows/session-state.js';
import { noteUsage } from '../../../src/workflows/spent.js';

const FIELDS = [
  'input_tokens',
  'output_tokens',
  'reasoning_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
] as const;
const usageOf = (token: fc.Arbitrary<number>, cost: fc.Arbitrary<number>) =>
  fc
    .tuple(fc.array(token, { minLength: 5, maxLength: 5 }), fc.option(cost, { nil: undefined }))
    .map(([tokens, cost_usd]) => ({
      ...Object.fromEntries(FIELDS.map((name, index) => [name, tokens[index]])),
      ...(cost_usd !== undefined && { cost_usd }),
    })) as fc.Arbitrary<Usage>;
const odd = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, 1e308, -1));
const good = usageOf(
  fc.nat(1_000_000),
  fc.integer({ min: 0, max: 1_000_000 }).map((cents) => cents / 100),
);
/** A clock that goes on, jumps back, jumps far ahead, and is broken. */
const clock = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.integer({ min: 20_000, max: 20_090 }).map((day) => new Date(day * 86_400_000 + 4711).toISOString()),
  },
  fc.constantFrom(
    '1970-01-01T00:00:00.000Z',
    '9999-12-31T23:59:59.999Z',
    '+275760-09-13T00:00:00.000Z',
    '-000001-01-01T00:00:00.000Z',
    '',
    'soon',
  ),
);
const turns = (used: fc.Arbitrary<Usage>) =>
  fc.array(
    fc.record({ used, at: clock, session: fc.nat(2), model: fc.option(fc.constantFrom('m', 'n'), { nil: undefined }) }),
    { maxLength: 120 },
  );

function newTopic() {
  const state = newTopicState();
  const pinned: Pinned = { agent: 'a', project: 'p', cwd: '/', host: 'h', store: 's' };
  for (const id of ['0', '1', '2']) addSession(state, { session_id: id as SessionId, pinned, turns: 0, opened_at: '' });
  return state;
}

const all = (ledger: readonly LedgerEntry[] = []) => sumOf(daysOf(ledger).map(({ used }) => used));
const turnsIn = (ledger: readonly LedgerEntry[] = []) => ledger.reduce((sum, [, , , count]) => sum + count, 0);

describe('whatever agents report and however the clock jumps', () => {
  test('no day is negative, or more than the topic; days are in order, bounded, and survive JSON', () => {
    fc.assert(
      fc.property(turns(usageOf(odd, odd)), (list) => {
        const state = newTopic();
        for (const { used, at, session, model } of list)
          noteUsage(state, state.sessions[session]!, used, { at, opened: true, ...(model !== undefined && { model }) });
        const { ledger = [], used } = state;
        for (const entry of ledger) expect(entry.every((value) => typeof value !== 'number' || value >= 0)).toBe(true);
        if (used) for (const name of FIELDS) expect(all(ledger)[name]).toBeLessThanOrEqual(used[name] * (1 + 1e-9));
        const days = ledger.map(([day]) => day);
        expect(days).toEqual([...days].sort((one, other) => one - other));
        expect(new Set(days).size).toBeLessThanOrEqual(MAX_LEDGER_DAYS);
        expect(jsonBytes(ledger)).toBeLessThanOrEqual(MAX_LEDGER_BYTES);
        expect(JSON.parse(JSON.stringify(ledger))).toEqual(ledger);
        expect(turnsIn(ledger)).toBeLessThanOrEqual(list.length);
      }),
    );
  });

  test('a turn is added to one day, once, and what the days do not have is undated', () => {
    fc.assert(
      fc.property(turns(good), (list) => {
        const state = newTopic();
        for (const { used, at, session } of list) {
          const before = daysOf(state.ledger ?? []);
          noteUsage(state, state.sessions[session]!, used, { at, opened: true });
          const after = daysOf(state.ledger ?? []);
          const grown = after.filter(({ day, turns }) => turns !== (before.find((one) => one.day === day)?.turns ?? 0));
          expect(grown.length).toBeLessThanOrEqual(1);
          const [one] = grown;
          const was = one && before.find(({ day }) => day === one.day);
          if (one) expect(tokensOf(one.used)).toBe(tokensOf(used) + (was ? tokensOf(was.used) : 0));
          if (one) expect(one.turns).toBe((was?.turns ?? 0) + 1);
        }
        const { ledger = [], used, sessions } = state;
        if (!used) return;
        const undated = undatedIn(used, daysOf(ledger));
        expect(tokensOf(all(ledger)) + (undated ? tokensOf(undated) : 0)).toBe(tokensOf(used));
        const ofSessions = sumOf(sessions.flatMap((session) => session.used ?? []));
        expect(tokensOf(ofSessions)).toBe(tokensOf(used));
      }),
    );
  });
});

const used: Usage = {
  input_tokens: 1,
  output_tokens: 2,
  reasoning_tokens: 3,
  cache_read_tokens: 4,
  cache_write_tokens: 5,
};

test('a day tells its agents and models apart, and has no cost once one turn has none', () => {
  const ledger: LedgerEntry[] = [];
  const at = '2026-11-30T23:59:59.999Z';
  addToLedger(ledger, { ...used, cost_usd: 0.1 }, { at, agent: 'a' });
  addToLedger(ledger, { ...used, cost_usd: 0.2 }, { at, agent: 'a' });
  addToLedger(ledger, { ...used, cost_usd: 0.2 }, { at, agent: 'a', model: 'm' });
  addToLedger(ledger, used, { at, agent: 'a', model: 'm' });
  addToLedger(ledger, used, { at: '2026-12-01T00:00:00.000Z', agent: 'a' });
  expect(daysOf(ledger)).toEqual([
    { day: '2026-11-30', agent: 'a', turns: 2, used: { ...sumOf([used, used]), cost_usd: 0.3 } },
    { day: '2026-11-30', agent: 'a', model: 'm', turns: 2, used: sumOf([used, used]) },
    { day: '2026-12-01', agent: 'a', turns: 1, used },
  ]);
});

test('sixty days of work take less than 200 bytes each, and the oldest goes first', () => {
  const ledger: LedgerEntry[] = [];
  for (let day = 0; day < 100; day += 1) {
    const at = new Date(Date.UTC(2026, 0, 1 + day)).toISOString();
    for (let turn = 0; turn < 50; turn += 1)
      addToLedger(
        ledger,
        {
          input_tokens: 12_345,
          output_tokens: 6_789,
          reasoning_tokens: 1_234,
          cache_read_tokens: 1_234_567,
          cache_write_tokens: 45_678,
          cost_usd: 1.234567,
        },
        { at, agent: 'claude-code', model: 'claude-sonnet-4-5' },
      );
  }
  process.stdout.write(`ledger: ${jsonBytes(ledger)} bytes for ${ledger.length} days\n`);
  expect(ledger).toHaveLength(MAX_LEDGER_DAYS);
  expect(jsonBytes(ledger) / MAX_LEDGER_DAYS).toBeLessThan(200);
  expect(daysOf(ledger)[0]?.day).toBe('2026-02-10');
});

test('a time before all days that are kept is undated, and pushes no other day out', () => {
  const ledger: LedgerEntry[] = [];
  for (let day = 0; day < MAX_LEDGER_DAYS; day += 1)
    addToLedger(ledger, used, { at: new Date(Date.UTC(2026, 0, 1 + day)).toISOString(), agent: 'a' });
  const before = structuredClone(ledger);
  addToLedger(ledger, used, { at: '1999-01-01T00:00:00.000Z', agent: 'a' });
  expect(ledger).toEqual(before);
});
