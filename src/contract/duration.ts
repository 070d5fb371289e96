/** `"30m"`, `"2 hours"` or milliseconds, by the library that Temporal reads them with. */
import ms from 'ms';

/** NaN for what is no duration. */
export function milliseconds(value: unknown): number {
  if (typeof value === 'number') return value;
  try {
    return ms(value as string);
  } catch {
    return NaN; // Neither text nor a number, or far too long.
  }
}
