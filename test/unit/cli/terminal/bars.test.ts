import { expect, test } from 'vitest';
import { barsOf } from '../../../../src/cli/terminal/bars.js';

const bars = [
  { label: '2026-11-28', value: 800, said: '800 tokens' },
  { label: '2026-11-29', value: 1, said: '1 token' },
  { label: 'none', value: 0, said: '0 tokens' },
];

test('the longest bar fills the line, the shortest is seen, and nothing has none', () => {
  expect(barsOf(bars, { columns: 40, draws: false }).split('\n')).toEqual([
    `2026-11-28  ${'#'.repeat(16)}  800 tokens`,
    `2026-11-29  #                    1 token`,
    `none                            0 tokens`,
  ]);
});

test('a terminal shows eighths of a character', () => {
  const [all, least] = barsOf(bars, { columns: 40, draws: true }).split('\n');
  expect(all).toBe(`2026-11-28  ${'█'.repeat(16)}  800 tokens`);
  expect(least).toBe('2026-11-29  ▏                    1 token');
});

test.each([1, 20, 80, 500])('no line is longer than %d columns, but where they are too few for a bar', (columns) => {
  const longest = Math.max(
    ...barsOf(bars, { columns, draws: true })
      .split('\n')
      .map((line) => line.length),
  );
  expect(longest).toBe(Math.max(columns, 34));
});

test.each([NaN, Infinity, -5])('a value of %d draws no more than the line', (value) => {
  const [line] = barsOf([{ label: 'a', value, said: 'x' }], { columns: 40, draws: false }).split('\n');
  expect(line!.length).toBeLessThanOrEqual(40);
});

test('no rows draw nothing', () => {
  expect(barsOf([], { columns: 40, draws: true })).toBe('');
});
