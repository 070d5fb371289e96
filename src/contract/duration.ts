/** `"30m"`, `"2 hours"` or milliseconds, as Temporal reads them. */
import { msToNumber } from '@temporalio/common/lib/time.js';

/** NaN for what is no duration. */
export function milliseconds(value: unknown): number {
  try {
    return msToNumber(value as Parameters<typeof msToNumber>[0]);
  } catch {
    return NaN; // Whoever asked says what is one.
  }
}
