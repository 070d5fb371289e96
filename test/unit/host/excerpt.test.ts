import { describe, expect, test } from 'vitest';
import { EXCERPT } from '../../../src/activities/check-command.js';
import { MAX_CHECK_OUTPUT_BYTES } from '../../../src/contract/limits.js';
import { Excerpt, excerptOf } from '../../../src/host/excerpt.js';

describe('the excerpt of a long output', () => {
  const excerpt = (...chunks: string[]) => {
    const output = new Excerpt(EXCERPT);
    for (const chunk of chunks) output.add(Buffer.from(chunk));
    return output.text();
  };

  test('is all of it when it is short, without colours', () =>
    expect(excerpt('\u001b[31mred\u001b[0m ', 'and plain\n')).toBe('red and plain'));

  test.each([1, 7, 4096, 65536])('is its beginning and its end, whatever the pieces are (%d bytes)', (size) => {
    const all = `first line\n${'ä'.repeat(20_000)}\nlast line\n`;
    const bytes = Buffer.from(all);
    const output = new Excerpt(EXCERPT);
    for (let at = 0; at < bytes.length; at += size) output.add(bytes.subarray(at, at + size));
    const text = output.text();
    expect(text.startsWith('first line\n')).toBe(true);
    expect(text.endsWith('\nlast line')).toBe(true);
    expect(text).toContain('bytes are left out here');
    expect(text).not.toContain('\uFFFD');
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_CHECK_OUTPUT_BYTES);
  });
});

test('the excerpt of a text says exactly how many bytes are missing, and cuts no character in half', () => {
  const text = `\u001b[32mfirst\u001b[0m ${'ä'.repeat(100)} last`;
  expect(excerptOf(text, { head: 9, tail: 8 })).toBe(
    `first ä\n… ${6 + 200 + 5 - 17} bytes are left out here …\nä last`,
  );
  expect(excerptOf(text, { head: 6, tail: 205 })).toBe(`first ${'ä'.repeat(100)} last`);
});
