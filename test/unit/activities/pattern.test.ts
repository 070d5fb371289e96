import { expect, test } from 'vitest';
import { matchesOneCommand, matchesText } from '../../../src/activities/pattern.js';

test.each([
  ['npm test', 'npm test', true],
  ['npm test', 'npm tests', false],
  ['npm *', 'npm run build', true],
  ['npm *', 'npm', false],
  ['*.env', 'a.env', true],
  ['*.env', 'a.envs', false],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['*', '', true],
  ['', '', true],
  ['', 'a', false],
  ['**/*.env', '/home/me/.env', true],
  ['a*b*b', 'ab', false],
  ['.*', 'abc', false],
])('%s and %s', (pattern, text, isLike) => {
  expect(matchesText(pattern, text)).toBe(isLike);
  expect(matchesOneCommand(pattern, text)).toBe(isLike);
});

test('a `*` goes over the end of a command only where it may', () => {
  expect(matchesText('git *', 'git status; rm -rf .')).toBe(true);
  for (const run of ['git status; rm -rf .', 'git status\nrm', 'git $(rm)', 'git log > file', 'git …'])
    expect([run, matchesOneCommand('git *', run)]).toEqual([run, false]);
});

test('says what a regular expression says, of every short pattern and text', () => {
  const words = (letters: string[], longest: number): string[] =>
    longest === 0 ? [''] : ['', ...words(letters, longest - 1).flatMap((word) => letters.map((one) => one + word))];
  const like = (pattern: string, star: string) => new RegExp(`^${pattern.split('*').join(star)}$`);
  const texts = words(['a', 'b', ';'], 6);
  for (const pattern of new Set(words(['a', 'b', ';', '*'], 4))) {
    const [one, any] = [like(pattern, '[^;]*'), like(pattern, '[^]*')];
    const wrong = texts.filter(
      (text) => matchesOneCommand(pattern, text) !== one.test(text) || matchesText(pattern, text) !== any.test(text),
    );
    expect([pattern, wrong]).toEqual([pattern, []]);
  }
});

test('a long text with many places for a pattern is looked at once', () => {
  const started = performance.now();
  expect(matchesText('**/*.env', '/a'.repeat(100_000))).toBe(false);
  expect(matchesOneCommand('a*a*a*a*a*a*b', 'a'.repeat(100_000))).toBe(false);
  expect(performance.now() - started).toBeLessThan(2_000);
});
