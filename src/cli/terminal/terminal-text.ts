/**
 * Cleans text for a terminal. Replies, transcripts, provider errors and names come from others, and
 * a terminal executes the escape sequences that it reads. OSC 52, for example, writes the
 * clipboard. `toTerminal` removes every control character except our own styles.
 */
import { randomUUID } from 'node:crypto';
import { stripVTControlCharacters, styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

const ESCAPE = '\u001b';
/**
 * Marks the escape character of our own styles. It is random in each process, so that foreign text
 * cannot contain it.
 */
const OWN_ESCAPE = `<${randomUUID()}>`;

/**
 * For `toTerminal` only. The caller decides whether the stream gets styles, because `styleText`
 * itself would check stdout.
 */
export function styledForTerminal(style: Style, text: string): string {
  return styleText(style, cleaned(text), { validateStream: false }).replaceAll(ESCAPE, OWN_ESCAPE);
}

export function toTerminal(text: string): string {
  return cleaned(text).replaceAll(OWN_ESCAPE, ESCAPE);
}

/** Removes the control characters of foreign text and keeps the marks of our styles. */
function cleaned(text: string): string {
  return text.split(OWN_ESCAPE).map(plain).join(OWN_ESCAPE);
}

/** Escapes control characters in the strings. The JSON document stays the same. */
export function jsonToTerminal(json: string): string {
  return json.replace(/[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (char) => `\\u${hexOf(char)}`);
}

/**
 * Removes whole escape sequences first, so that no part of them remains. If a stream cuts a
 * sequence in two, its second half is shown as text. A carriage return becomes a line break,
 * because the text after it would overwrite the line.
 */
function plain(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\r\n?/g, '\n')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
    .replace(REORDERING, (char) => `<U+${hexOf(char).toUpperCase()}>`);
}

/**
 * Embeddings, overrides and isolates show text in another order than it is stored. Right-to-left
 * text does not need them.
 */
const REORDERING = /[\u202a-\u202e\u2066-\u2069]/g;

function hexOf(char: string): string {
  return char.charCodeAt(0).toString(16).padStart(4, '0');
}
