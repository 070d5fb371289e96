/**
 * Reads `"30m"`, `"2 hours"` or milliseconds with `ms`, the library that Temporal uses for
 * durations.
 */
import ms from 'ms';

/** Milliseconds. NaN if the value is not a duration. */
export function milliseconds(value: unknown): number {
  if (typeof value === 'number') return value;
  try {
    return ms(value as string);
  } catch {
    // `ms` throws for a value that is neither text nor a number, and for a text of more than 100
    // characters.
    return NaN;
  }
}
