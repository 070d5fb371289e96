/** All that a turn said, in the size that an outcome has room for, and in pages. Pure. */
import type { ReplyPage } from './answers.js';
import { MAX_REPLY_PAGE_BYTES, MAX_REPLY_PARTS, SENT_REPLY_PARTS_BYTES } from './limits.js';
import { cutToJsonBytes, jsonBytes } from './text.js';
import type { TurnResult } from './types.js';

type Parts = Pick<TurnResult, 'reply_parts' | 'reply_parts_truncated'>;

/**
 * The newest texts, in their order. The longest are cut, until all of them fit. Nothing where the
 * reply is all that was said.
 */
export function boundedParts(parts: readonly string[], reply: string): Parts {
  if (parts.every((part) => part === reply)) return {};
  const newest = parts.slice(-MAX_REPLY_PARTS);
  const reply_parts = fitted(newest, SENT_REPLY_PARTS_BYTES);
  const isCut = newest.length < parts.length || reply_parts.some((part, at) => part !== newest[at]);
  return { reply_parts, ...(isCut && { reply_parts_truncated: true }) };
}

/** Bytes of a list as JSON around each of its texts: two quotes and a comma. */
const AROUND_BYTES = 3;
const ELLIPSIS = '…';

function fitted(parts: readonly string[], most: number): string[] {
  const bytesOf = (part: string) => jsonBytes(part) - 2;
  let left = most - 2 - AROUND_BYTES * parts.length;
  const fit = [...parts];
  const shortestFirst = parts.map((part, at) => ({ at, bytes: bytesOf(part) })).sort((a, b) => a.bytes - b.bytes);
  for (const [index, { at, bytes }] of shortestFirst.entries()) {
    const share = Math.floor(left / (parts.length - index));
    if (bytes > share) fit[at] = cutToJsonBytes(parts[at]!, share - bytesOf(ELLIPSIS)) + ELLIPSIS;
    left -= Math.min(bytes, share);
  }
  return fit;
}

/** The most bytes of a part as JSON around its text: its number, and whether it is the reply. */
const AROUND_PART_BYTES = 60;

/** A text that is too long for a page goes on in the next one. The first page is 1. */
export function pageOf(parts: readonly string[], reply: string, page: number): Omit<ReplyPage, 'session_id'> {
  const pages: ReplyPage['parts'][] = [[]];
  let left = MAX_REPLY_PAGE_BYTES;
  for (const [index, whole] of parts.entries()) {
    for (let from = 0; from < whole.length;) {
      const room = Math.max(0, left - AROUND_PART_BYTES);
      // A character takes a byte at least. To measure the whole rest for each page would take minutes.
      const text = cutToJsonBytes(whole.slice(from, from + room), room);
      if (text !== '')
        pages.at(-1)?.push({ part: index + 1, text, ...(whole === reply && { is_reply: true as const }) });
      from += text.length;
      left -= AROUND_PART_BYTES + jsonBytes(text);
      if (from === whole.length) continue;
      pages.push([]);
      left = MAX_REPLY_PAGE_BYTES;
    }
  }
  return { page, pages: pages.length, parts: pages[page - 1] ?? [] };
}
