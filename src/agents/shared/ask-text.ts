/** Text of an ask, which a person reads in order to decide. Pure. */
import { createHash } from 'node:crypto';

const MOST = 2_000;

/**
 * The text without control characters other than the end of a line, and with at most `most`
 * characters. A longer text ends with a digest of the whole: an answer to it is then never taken
 * for an answer to another text with the same beginning.
 */
export function askText(text: string, most = MOST): string {
  const plain = text
    .replace(/\r\n?/g, '\n')
    .replace(/\t/g, '  ')
    .replace(/(?!\n)[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu, '\uFFFD')
    .trim();
  if (plain.length <= most) return plain;
  const digest = createHash('sha256').update(plain).digest('hex').slice(0, 16);
  const end = `\n… (${plain.length} characters in all, SHA-256 ${digest})`;
  return plain.slice(0, most - end.length).replace(/[\uD800-\uDBFF]$/, '') + end;
}
