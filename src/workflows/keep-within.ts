/** Keeps a list within its bounds. Pure. */
import { jsonBytes } from '../contract/text.js';

/**
 * Drops entries from the start of a list until at most `most` remain, with at most `mostBytes` of
 * JSON. The last entry is always kept.
 */
export function keepWithin(list: unknown[], most: number, mostBytes: number): void {
  let first = list.length - 1;
  for (let left = mostBytes - jsonBytes(list[first]); first > 0 && list.length - first < most; first -= 1) {
    left -= jsonBytes(list[first - 1]) + 1;
    if (left < 0) break;
  }
  if (first > 0) list.splice(0, first);
}
