/** Sums of what turns have used. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { atLeast, beyond, cachedWords, furthest, sumOf, tokensOf } from '../../../src/contract/usage.js';
import type { SessionId } from '../../../src/contract/ids.js';
import type { Pinned, Usage } from '../../../src/contract/types.js';
import { addSession, newTopicState } from '../../../src/workflows/session-state.js';
import { noteUsage } from '../../../src/workflows/spent.js';

const nothing = { input_tokens: 0, output_tokens: 0, reasoning_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 };
const odd = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, 1e308));
const ended = { at: '2026-01-01T00:00:00.000Z', opened: false };
const usage = fc.record({
  ...{ input_tokens: odd, output_tokens: odd, reasoning_tokens: odd, cache_read_tokens: odd, cache_write_tokens: odd },
  cost_usd: fc.option(odd, { nil: undefined }),
  uncounted_steps: fc.option(odd, { nil: undefined }),
}) as fc.Arbitrary<Usage>;

test('a sum never shrinks, is never negative, and survives JSON, whatever an agent reports', () => {
  fc.assert(
    fc.property(fc.array(usage, { minLength: 1, maxLength: 5 }), (parts) => {
      const before = sumOf(parts.slice(1));
      const sum = sumOf(parts);
      expect(JSON.parse(JSON.stringify(sum))).toEqual(sum);
      expect(tokensOf(sum)).toBeGreaterThanOrEqual(tokensOf(before));
      expect(Math.min(...(Object.values(before) as number[]))).toBeGreaterThanOrEqual(0);
    }),
  );
});

test('steps that are missing are summed, and absent where none is', () => {
  const two = { ...nothing, uncounted_steps: 2 };
  expect(sumOf([two, nothing, { ...nothing, uncounted_steps: 1 }]).uncounted_steps).toBe(3);
  expect(sumOf([nothing, nothing])).not.toHaveProperty('uncounted_steps');
  expect(beyond(two, { ...nothing, uncounted_steps: 1 })?.uncounted_steps).toBe(1);
  expect(beyond(two, two)).not.toHaveProperty('uncounted_steps');
  expect(furthest(two, nothing)?.uncounted_steps).toBe(2);
  expect([atLeast(two), atLeast(nothing)]).toEqual(['at least ', '']);
});

test('a cost is absent where that of one part is, and never 0 in its place', () => {
  expect(sumOf([{ ...nothing, cost_usd: 1 }, nothing])).toEqual(nothing);
  expect(
    sumOf([
      { ...nothing, cost_usd: 1 },
      { ...nothing, cost_usd: 0.5 },
    ]),
  ).toEqual({ ...nothing, cost_usd: 1.5 });
});

test.each([-1, NaN, Infinity, -Infinity])('a cost of %d is none', (cost_usd) => {
  expect(sumOf([{ ...nothing, input_tokens: 1, cost_usd }])).toEqual({ ...nothing, input_tokens: 1 });
  const state = newTopicState();
  const pinned: Pinned = { agent: 'a', project: 'p', cwd: '/', host: 'h', store: 's' };
  addSession(state, { session_id: 'one' as SessionId, pinned, turns: 0, opened_at: '' });
  noteUsage(state, state.sessions[0]!, { ...nothing, input_tokens: 1, cost_usd }, ended);
  expect(state.cost).toEqual({ usd: 0, is_partial: true });
});

test('a topic counts what all its sessions have used, and each session its own', () => {
  const state = newTopicState();
  const pinned: Pinned = { agent: 'a', project: 'p', cwd: '/', host: 'h', store: 's' };
  for (const id of ['one', 'two']) addSession(state, { session_id: id as SessionId, pinned, turns: 0, opened_at: '' });
  const [one, two] = state.sessions as [(typeof state.sessions)[0], (typeof state.sessions)[0]];
  noteUsage(state, one, { ...nothing, input_tokens: 10 }, ended);
  noteUsage(state, one, undefined, ended);
  noteUsage(state, two, { ...nothing, output_tokens: 5 }, ended);
  noteUsage(state, one, { ...nothing, input_tokens: 1 }, ended);
  expect(one.used).toEqual({ ...nothing, input_tokens: 11 });
  expect(two.used).toEqual({ ...nothing, output_tokens: 5 });
  expect(state.used).toEqual({ ...nothing, input_tokens: 11, output_tokens: 5 });
});

test('how much came from the cache is said where there was input', () => {
  expect(cachedWords({ ...nothing, input_tokens: 10, cache_write_tokens: 10, cache_read_tokens: 60 })).toBe(
    ', 75 % of the input from the cache',
  );
  expect(cachedWords({ ...nothing, output_tokens: 3 })).toBe('');
});
