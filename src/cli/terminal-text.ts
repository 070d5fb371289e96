/**
 * Text on its way to a terminal. Replies, transcripts, provider errors and names come from others, and a terminal obeys what
 * it reads: OSC 52 writes the clipboard. So `toTerminal` removes every control character, and only our own styles pass.
 */
import { randomUUID } from 'node:crypto';
import { stripVTControlCharacters, styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

const ESCAPE = '\u001b';
/** Marks the escape character of our own styles. It is new in each process, so that no foreign text can hold it. */
const OWN_ESCAPE = `<${randomUUID()}>`;

/** For `toTerminal` only. Whether a stream wants styles is the caller's to say: `styleText` by itself asks stdout. */
export function styledForTerminal(style: Style, text: string): string {
  return styleText(style, cleaned(text), { validateStream: false }).replaceAll(ESCAPE, OWN_ESCAPE);
}

export function toTerminal(text: string): string {
  return cleaned(text).replaceAll(OWN_ESCAPE, ESCAPE);
}

/** Foreign text without commands; our own styles in it stay marked. */
function cleaned(text: string): string {
  return text.split(OWN_ESCAPE).map(plain).join(OWN_ESCAPE);
}

/** The same JSON document: control characters in its strings are escaped. */
export function jsonToTerminal(json: string): string {
  return json.replace(/[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (char) => `\\u${hexOf(char)}`);
}

/**
 * Whole escape sequences go first, so that no part of them is left to read. When a stream cuts a sequence in two, the rest
 * of it is shown as text. A carriage return becomes a line break, because what follows it would overwrite the line.
 */
function plain(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\r\n?/g, '\n')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
    .replace(REORDERING, (char) => `<U+${hexOf(char).toUpperCase()}>`);
}

/** Embeddings, overrides and isolates: they show text in another order than it has. Right-to-left text does not need them. */
const REORDERING = /[\u202a-\u202e\u2066-\u2069]/g;

function hexOf(char: string): string {
  return char.charCodeAt(0).toString(16).padStart(4, '0');
}
