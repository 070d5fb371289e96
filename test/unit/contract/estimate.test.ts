/** What follow-ups would have cost in fresh sessions, and when that can't be known. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { afterFirst, afterFollowUp, estimateOf, estimateWords } from '../../../src/contract/estimate.js';
import type { Usage } from '../../../src/contract/types.js';
import { sumOf } from '../../../src/contract/usage.js';

const used = (cache_write_tokens: number, cache_read_tokens: number, more: Partial<Usage> = {}): Usage => ({
  input_tokens: 0,
  output_tokens: 100,
  reasoning_tokens: 0,
  cache_read_tokens,
  cache_write_tokens,
  ...more,
});

function session(...turns: Usage[]) {
  const [first, ...others] = turns;
  return { used: sumOf(turns), followed_up: others.reduce(afterFollowUp, afterFirst(first!)) };
}

test.each([
  ['no session', []],
  ['one turn only', [session(used(1000, 5000))]],
  ['a session whose first turn is not known', [{ used: used(1000, 5000) }]],
  ['a session that used nothing', [session(used(0, 0, { output_tokens: 0 }), used(0, 0, { output_tokens: 0 }))]],
])('%s has no estimate', (_, sessions) => {
  expect(estimateOf(sessions)).toBeUndefined();
});

test('tokens alone are told where the cost of one turn is not known', () => {
  const estimate = estimateOf([session(used(1000, 0, { cost_usd: 1 }), used(10, 1000))]);
  expect(estimate).toEqual({
    follow_ups: 1,
    used: { weighted_tokens: 113 },
    fresh: { weighted_tokens: [expect.any(Number), expect.any(Number)] as unknown as [number, number] },
  });
  expect(estimateWords(estimate!)).toMatch(
    /^Estimate: 1 follow-up cost 113 input tokens weighted by price; in a fresh/,
  );
});

test('a first turn is paid again in each follow-up, between half, each token once, and all of it', () => {
  const estimate = estimateOf([session(used(1000, 10_000), used(10, 1000), used(10, 1000))]);
  // Alone, each costs 12.5 and what it reads of the conversation.
  expect(estimate?.fresh.weighted_tokens).toEqual([225 + 2 * 562.5, 225 + 2 * 2250]);
});

test('any reports make a range from 0 on, and survive JSON', () => {
  const odd = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, 1e308, 0));
  const any = fc.record({
    ...{
      input_tokens: odd,
      output_tokens: odd,
      reasoning_tokens: odd,
      cache_read_tokens: odd,
      cache_write_tokens: odd,
    },
    cost_usd: fc.option(odd, { nil: undefined }),
  }) as fc.Arbitrary<Usage>;
  const sessions = fc.array(fc.array(any, { minLength: 1, maxLength: 6 }), { maxLength: 4 });
  fc.assert(
    fc.property(sessions, (list) => {
      const records = list.map((turns) => session(...turns));
      expect(JSON.parse(JSON.stringify(records))).toEqual(records);
      const estimate = estimateOf(records);
      if (!estimate) return;
      expect(JSON.parse(JSON.stringify(estimate))).toEqual(estimate);
      for (const [from, to] of [estimate.fresh.weighted_tokens, estimate.fresh.cost_usd ?? [0, 0]]) {
        expect(from).toBeGreaterThanOrEqual(0);
        expect(to).toBeGreaterThanOrEqual(from);
      }
      expect(estimateWords(estimate)).not.toMatch(/NaN|undefined|Infinity/);
    }),
  );
});

interface Case {
  provider: 'Anthropic' | 'OpenAI';
  files: number;
  cache: 'warm' | 'cold';
  /** Of each turn: input tokens, and those of them from the cache. */
  session: [number, number][];
  /** In fresh sessions: which follow-up, percent that it skips, input, from the cache. */
  fresh: [followUp: number, skips: number, input: number, read: number][];
}
const measured = JSON.parse(readFileSync(new URL('measured-follow-ups.json', import.meta.url), 'utf8')) as Case[];

/** docs/continuity.md says so. */
describe('of what was measured (npm run bench:continuity -- --agents opencode --files 5,20,60 --follow-ups 5)', () => {
  const cases = measured.flatMap((one) => [1, 5].map((followUp) => ({ ...one, followUp })));
  test.each(cases)('$provider, $files files, $cache, follow-up $followUp is in the range', (one) => {
    const usage = ([input, read]: [number, number]): Usage =>
      one.provider === 'OpenAI' ? used(0, read, { input_tokens: input - read }) : used(input - read, read);
    const cost = (skips: number) => {
      const [, , input, read] = one.fresh.find(([n, percent]) => n === one.followUp && percent === skips)!;
      return (one.provider === 'OpenAI' ? 1 : 1.25) * (input - read) + 0.1 * read;
    };
    const rangeOf = (turns: Usage[]) => estimateOf([session(...turns)])?.fresh.weighted_tokens ?? [0, 0];
    const turns = one.session.slice(0, one.followUp + 1).map(usage);
    const [before, after] = [rangeOf(turns.slice(0, -1)), rangeOf(turns)];
    const [from, to] = [after[0] - before[0], after[1] - before[1]];
    expect(from / cost(50)).toBeLessThan(1.15);
    expect(from / cost(50)).toBeGreaterThan(0.45);
    expect(to / cost(0)).toBeGreaterThan(0.97);
    expect(to / cost(0)).toBeLessThan(one.files > 5 ? 1.2 : 1.75);
  });
});

describe('an estimate can say that fresh sessions cost less', () => {
  test('where each follow-up found a cold cache', () => {
    const cold = Array.from({ length: 5 }, () => used(12_000, 20_000));
    const { used: spent, fresh } = estimateOf([session(used(10_000, 20_000), ...cold)])!;
    expect(fresh.weighted_tokens[0]).toBeLessThan(spent.weighted_tokens);
  });
});
