/** Text that a person reads in order to decide. Pure. */
import { digestOf } from './ids.js';

const MOST = 2_000;

/**
 * The text without control characters other than the end of a line, and with at most 2,000
 * characters. A longer text ends with a digest of the whole, so that an answer to it is never given
 * to another text with the same beginning.
 */
export function askText(text: string): string {
  const plain = text
    .replace(/\r\n?/g, '\n')
    .replace(/\t/g, '  ')
    .replace(/(?!\n)[\p{Cc}\p{Bidi_Control}]/gu, '\uFFFD')
    .trim();
  if (plain.length <= MOST) return plain;
  const end = `\n… (${plain.length} characters in all, SHA-256 ${digestOf(plain).slice(0, 16)})`;
  return plain.slice(0, MOST - end.length).replace(/[\uD800-\uDBFF]$/, '') + end;
}

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
