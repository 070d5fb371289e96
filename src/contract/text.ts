/**
 * Measures, cuts and digests text. The workflow sandbox has neither a text encoder nor a crypto
 * module.
 */

/** Bytes of a text in UTF-8. */
export function utf8Length(text: string): number {
  if (ASCII.test(text)) return text.length;
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/**
 * Nearly everything that agents write is ASCII, and every turn measures texts. So ASCII has a fast
 * path.
 */
const ASCII = /^[^\u0080-\uffff]*$/;

/** Bytes of a value as JSON in UTF-8, as it travels. A control character takes six of them. */
export function jsonBytes(value: unknown): number {
  return utf8Length(JSON.stringify(value) ?? '');
}

/** The start of a text, at most `most` bytes in UTF-8, never with half a character. */
export function cutToBytes(text: string, most: number): string {
  if (text.length * 4 <= most || utf8Length(text) <= most) return text;
  return cutBy(text, most, utf8Length);
}

/** The start of a text that takes at most `most` bytes inside of a JSON document. */
export function cutToJsonBytes(text: string, most: number): string {
  if (text.length * 6 <= most || jsonBytes(text) - 2 <= most) return text;
  return cutBy(text, most, jsonBytesOf);
}

/** As `jsonBytes`, without the quotes, and fast: a reply has millions of characters. */
function jsonBytesOf(character: string): number {
  const point = character.codePointAt(0) ?? 0;
  if (point >= 0xd800 && point <= 0xdfff) return 6; // Half of a surrogate pair.
  if (point < 0x20) return '\b\t\n\f\r'.includes(character) ? 2 : 6;
  if (character === '"' || character === '\\') return 2;
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

function cutBy(text: string, most: number, bytesOf: (character: string) => number): string {
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += bytesOf(character);
    if (bytes > most) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/**
 * A digest for comparing two texts: two 32-bit FNV-style hashes and the length. It detects a
 * mistake; it protects no secret.
 */
export function digestOf(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b);
  }
  return `${(low >>> 0).toString(36)}.${(high >>> 0).toString(36)}.${text.length}`;
}

/** The first line of a prompt, cut to `most` characters for a summary. */
export function titleOf(prompt: string, most = 60): string {
  const line =
    prompt
      .trimStart()
      .slice(0, 4 * most)
      .split(/\s*\n/, 1)[0]
      ?.trimEnd() ?? '';
  const characters = [...line];
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : line;
}
