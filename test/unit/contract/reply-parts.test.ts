import { describe, expect, test } from 'vitest';
import { MAX_REPLY_PAGE_BYTES, MAX_REPLY_PARTS, SENT_REPLY_PARTS_BYTES } from '../../../src/contract/limits.js';
import { boundedParts, pageOf } from '../../../src/contract/reply-parts.js';
import { jsonBytes } from '../../../src/contract/text.js';

describe('the parts in an outcome', () => {
  test('are absent where the reply is all that was said', () => {
    expect(boundedParts(['The answer.'], 'The answer.')).toEqual({});
    expect(boundedParts([], '')).toEqual({});
  });

  test('are whole where they fit', () => {
    expect(boundedParts(['I look.', 'The answer.'], 'The answer.')).toEqual({
      reply_parts: ['I look.', 'The answer.'],
    });
  });

  test('are cut to their bound, the longest first, and say so', () => {
    const parts = ['I look.', 'x'.repeat(10_000), '\u0007'.repeat(10_000), 'Done.'];
    const { reply_parts = [], reply_parts_truncated } = boundedParts(parts, parts[1]!);
    expect(reply_parts_truncated).toBe(true);
    expect(jsonBytes(reply_parts)).toBeLessThanOrEqual(SENT_REPLY_PARTS_BYTES);
    expect(jsonBytes(reply_parts)).toBeGreaterThan(0.9 * SENT_REPLY_PARTS_BYTES);
    expect([reply_parts[0], reply_parts[3]]).toEqual(['I look.', 'Done.']);
    expect(reply_parts[1]).toMatch(/^x+…$/);
  });

  test('are the newest where there are too many', () => {
    const parts = Array.from({ length: 500 }, (_, i) => `${'é'.repeat(100)} ${i}`);
    const { reply_parts = [], reply_parts_truncated } = boundedParts(parts, parts.at(-1)!);
    expect(reply_parts).toHaveLength(MAX_REPLY_PARTS);
    expect(reply_parts_truncated).toBe(true);
    expect(jsonBytes(reply_parts)).toBeLessThanOrEqual(SENT_REPLY_PARTS_BYTES);
  });
});

describe('the pages of all that was said', () => {
  const long = Array.from({ length: 50_000 }, (_, i) => `é${i}`).join(' ');
  const parts = ['I look.', long, 'Done.'];

  test('put together are the whole, in order', () => {
    const { pages } = pageOf(parts, long, 1);
    expect(pages).toBeGreaterThan(5);
    const all = Array.from({ length: pages }, (_, i) => pageOf(parts, long, i + 1)).flatMap((page) => page.parts);
    const whole = parts.map((_, index) => all.flatMap(({ part, text }) => (part === index + 1 ? [text] : [])).join(''));
    expect(whole).toEqual(parts);
    expect(new Set(all.flatMap(({ part, is_reply }) => (is_reply ? [part] : [])))).toEqual(new Set([2]));
  });

  test.each([
    ['a long text', parts],
    ['many short ones', Array.from({ length: 20_000 }, () => 'a')],
    ['halves of surrogate pairs', ['\ud83d'.repeat(30_000)]],
    ['characters of two halves', ['a', '\u{1f600}'.repeat(60_000)]],
  ])('are each within their bound, and have all: %s', (_, said) => {
    const all = Array.from({ length: pageOf(said, '', 1).pages }, (_each, i) => pageOf(said, said[0]!, i + 1));
    for (const page of all) expect(jsonBytes(page.parts)).toBeLessThanOrEqual(MAX_REPLY_PAGE_BYTES);
    expect(all.flatMap((page) => page.parts.map(({ text }) => text)).join('')).toBe(said.join(''));
  });

  test('of 5 MB are made in about a second, because a worker does nothing else meanwhile', () => {
    const started = performance.now();
    expect(pageOf(['\u0007'.repeat(5_000_000)], '', 1).pages).toBeGreaterThan(400);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('beyond the last one are empty', () => {
    expect(pageOf(['A.'], 'A.', 2)).toEqual({ page: 2, pages: 1, parts: [] });
    expect(pageOf([], '', 1)).toEqual({ page: 1, pages: 1, parts: [] });
  });
});
