import { expect, test } from 'vitest';
import { cutToJsonBytes, jsonBytes } from '../../../src/contract/text.js';

test('a text is cut by the bytes that each of its characters takes in JSON', () => {
  const characters = Array.from({ length: 0x10000 }, (_, point) => String.fromCodePoint(point));
  for (const character of [...characters, '\u{10000}', '\u{1f600}', '\u{10ffff}']) {
    const bytes = jsonBytes(character) - 2;
    const text = `${character}.${character}...`;
    expect([character, cutToJsonBytes(text, bytes + 1)]).toEqual([character, `${character}.`]);
    expect([character, cutToJsonBytes(text, bytes - 1)]).toEqual([character, '']);
  }
});
