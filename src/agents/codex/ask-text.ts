/** Text that a person reads in order to decide. Pure. */
import type { Ask } from '../../contract/asks.js';
import { defined } from '../../contract/defined.js';
import { digestOf } from './ids.js';

const MOST = 2_000;
const MOST_OPTIONS = 50;
/** Of a name, a label or a description. */
const MOST_SHORT = 200;

/**
 * The text without control characters other than the end of a line, and with at most 2,000
 * characters. A longer text ends with a digest of the whole, so that an answer to it is never given
 * to another text with the same beginning.
 */
export function askText(text: string): string {
  const plain = printable(text);
  if (plain.length <= MOST) return plain;
  const end = `\n… (${plain.length} characters in all, SHA-256 ${digestOf(plain).slice(0, 16)})`;
  return cut(plain, MOST - end.length) + end;
}

/** On one line: the name of a tool, or a label. */
export const askName = (text: string): string => cut(printable(text).replace(/\n/g, ' '), MOST_SHORT);

/** Absent when there is nothing to choose from. */
export function askOptions(
  options: readonly { label: string; description?: string | undefined }[],
): Pick<Ask, 'options'> {
  const named = options.slice(0, MOST_OPTIONS).map(({ label, description }) => ({
    label: askName(label),
    ...defined({ description: description && askName(description) }),
  }));
  return named.length > 0 ? { options: named } : {};
}

const printable = (text: string) =>
  text
    .replace(/\r\n?/g, '\n')
    .replace(/\t/g, '  ')
    .replace(/(?!\n)[\p{Cc}\p{Bidi_Control}]/gu, '\uFFFD')
    .trim();

/** Not in the middle of a character. */
const cut = (text: string, most: number) => text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '');

/**
 * The script that a shell is to run, e.g. `npm test` of `/bin/bash -lc 'npm test'`. Any other
 * command stays as it is.
 */
export function scriptIn(command: string): string {
  const script = /^(?:\S*\/)?(?:ba|z|da)?sh -l?c ([^]+)$/.exec(command)?.[1];
  if (script === undefined) return command;
  if (/^'[^']*'$/.test(script)) return script.slice(1, -1);
  if (/^"(?:[^"\\$`]|\\["\\$`])*"$/.test(script)) return script.slice(1, -1).replace(/\\(["\\$`])/g, '$1');
  return /^[\w./:=@%+,-]+$/.test(script) ? script : command;
}
