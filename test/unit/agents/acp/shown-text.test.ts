import { expect, test } from 'vitest';
import { shown } from '../../../../src/agents/acp/shown-text.js';

test('a text that is too long keeps its beginning and its end', () => {
  const text = shown(`begin ${'x'.repeat(1_000_000)} end`, 100);
  expect(text).toHaveLength(100);
  expect(text).toMatch(/^begin x+ … x+ end$/);
});

test('line ends that make a text longer do not make it too long', () => {
  for (const length of [90, 100, 110, 1_000])
    expect(shown('\n'.repeat(length) + '.', 100).length).toBeLessThanOrEqual(100);
  expect(shown(`a${'\n'.repeat(60)}b`, 100)).toHaveLength(100);
});

test('no character is cut in half', () => {
  for (let at = 0; at < 8; at++) {
    const text = shown('x'.repeat(at) + '😀'.repeat(200), 100);
    expect(text.length).toBeLessThanOrEqual(100);
    expect(Buffer.from(text).toString()).toBe(text);
  }
});
