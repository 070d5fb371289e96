import { expect, test } from 'vitest';
import { LastHour } from '../../../workers/last-hour.js';

const MINUTE = 60_000;

test('what happened an hour ago no longer counts, and what happened since still does', () => {
  let now = 0;
  const resets = new LastHour(() => now);
  expect([resets.add('a'), resets.add('a'), resets.add('b')]).toEqual([1, 2, 1]);
  now = 59 * MINUTE;
  expect(resets.add('a')).toBe(3);
  now = 60 * MINUTE;
  expect([resets.count('a'), resets.count('b')]).toEqual([1, 0]);
});
