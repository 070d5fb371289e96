/** Text of an ask, which a person reads in order to decide. Pure. */
import { createHash } from 'node:crypto';
import type { Ask } from '../../contract/asks.js';
import { defined } from '../../contract/defined.js';

const MOST = 2_000;
const MOST_OPTIONS = 50;
/** Of a name, a label or a description. */
const MOST_SHORT = 200;

/**
 * The text without control characters other than the end of a line, and with at most `most`
 * characters. A longer text ends with a digest of the whole: an answer to it is then never taken
 * for an answer to another text with the same beginning.
 */
export function askText(text: string, most = MOST): string {
  const plain = printable(text);
  if (plain.length <= most) return plain;
  const digest = createHash('sha256').update(plain).digest('hex').slice(0, 16);
  const end = `\n… (${plain.length} characters in all, SHA-256 ${digest})`;
  return cut(plain, most - end.length) + end;
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
    .replace(/(?!\n)[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu, '\uFFFD')
    .trim();

/** Not in the middle of a character. */
const cut = (text: string, most: number) => text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '');
