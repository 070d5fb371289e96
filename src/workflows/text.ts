/** Pure dealings with text: digests and cuts. */
import { utf8Length } from '../contract/guard.js';
import type { TurnResult } from '../contract/types.js';

/**
 * Tells whether two prompts under one id are the same text: two 32-bit FNV-style hashes and the length. Not for secrets;
 * it only has to notice a mistake, and the sandbox has no crypto module.
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

/** The first bytes of a text, never half a character. */
export function cutToBytes(text: string, most: number): string {
  if (text.length * 4 <= most || utf8Length(text) <= most) return text;
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += utf8Length(character);
    if (bytes > most) break;
    end += character.length;
  }
  return text.slice(0, end);
}

export function replyCut(result: TurnResult, most: number): TurnResult {
  const reply = cutToBytes(result.reply, most);
  return reply === result.reply ? result : { ...result, reply, reply_truncated: true };
}

/** The first line of a prompt, short enough for a summary. */
export function titleOf(prompt: string, most = 60): string {
  const line = prompt.trimStart().slice(0, 4 * most).split(/\s*\n/, 1)[0]?.trimEnd() ?? '';
  const characters = [...line];
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : line;
}
