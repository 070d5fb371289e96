import { describe, expect, it } from 'vitest';
import { lineOf } from '../../../../src/cli/terminal/progress-line.js';
import { ago, count, duration, oneLine, quoted } from '../../../../src/cli/terminal/words.js';

describe('words for people', () => {
  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [3210, '3.2 s'],
    [75_000, '1 min 15 s'],
    [3_720_000, '1 h 2 min'],
  ])('%i ms read as %s', (ms, words) => {
    expect(duration(ms)).toBe(words);
  });

  it.each([
    [-5000, 'just now'],
    [999, 'just now'],
    [1000, '1 second ago'],
    [119_000, '1 minute ago'],
    [7_200_000, '2 hours ago'],
    [200_000_000, '2 days ago'],
  ])('what was %i ms before now was %s', (ms, words) => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    expect(ago(new Date(now - ms).toISOString(), now)).toBe(words);
  });

  it('what a terminal would obey is not on a line', () => {
    expect(oneLine('a\u001b[2J\nb\tc')).toBe('a [2J b c');
  });

  it('a long line is cut where asked', () => {
    expect(oneLine('x'.repeat(100), 10)).toBe(`${'x'.repeat(9)}…`);
  });

  it('one thing is not several', () => {
    expect([count(1, 'turn'), count(1200, 'turn')]).toEqual(['1 turn', '1,200 turns']);
  });

  it.each([
    ['auth-feature', 'auth-feature'],
    ['two words', `'two words'`],
    [`it's`, `'it'\\''s'`],
    ['-rf', `'-rf'`],
    ['', `''`],
  ])('%s is quoted for a shell as %s', (word, shell) => {
    expect(quoted(word)).toBe(shell);
  });

  it('progress says how long, which attempt and what', () => {
    expect(lineOf(400)).toBe('0 s · waiting for the turn to begin');
    expect(lineOf(12_345, { attempt: 1, step: 'bash: npm test' })).toBe('12 s · bash: npm test');
    expect(lineOf(61_000, { attempt: 2 })).toBe('1 min 1 s · attempt 2 · thinking');
    expect(lineOf(61_000, { attempt: 3, last_failure: 'Another store.' })).toBe(
      '1 min 1 s · attempt 3 (Another store.) · thinking',
    );
  });
});
