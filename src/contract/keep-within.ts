/** Keeps a list within its bounds. Pure. Anyone may import this. */
import { jsonBytes } from './text.js';

/**
 * Drops entries from the start of a list until at most `most` remain, with at most `mostBytes` of
 * JSON. The last entry is always kept. Entries that can change are measured with `jsonBytes`.
 */
export function keepWithin<T extends object>(
  list: T[],
  most: number,
  mostBytes: number,
  bytesOf: (entry: T) => number = fixedBytes,
): void {
  const last = list.at(-1);
  if (!last) return;
  let first = list.length - 1;
  for (let left = mostBytes - bytesOf(last); first > 0 && list.length - first < most; first -= 1) {
    left -= bytesOf(list[first - 1]!) + 1;
    if (left < 0) break;
  }
  if (first > 0) list.splice(0, first);
}

const weights = new WeakMap<object, number>();

/**
 * Bytes as JSON of what never changes. They are kept, because each message of a flood measures the
 * same lists, and Temporal gives a task of a workflow 5 seconds.
 */
export function fixedBytes(value: object): number {
  const known = weights.get(value);
  if (known !== undefined) return known;
  const bytes = jsonBytes(value);
  weights.set(value, bytes);
  return bytes;
}
