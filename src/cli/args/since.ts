import { UsageError } from './usage-error.js';

/** When a time such as `7d` ago was. @throws UsageError, which names the flag and the command */
export async function since(age: string, flag: string, command: string): Promise<Date> {
  const { milliseconds } = await import('../../contract/duration.js'); // `--help` need not load it.
  const ms = milliseconds(age);
  if (ms >= 0) return new Date(Math.max(0, Date.now() - ms)); // No date is as long ago as words can say.
  throw new UsageError(
    `${flag} must be a time such as 30m, 7d or "2 hours"; got ${JSON.stringify(age)}.`,
    `See: continuity ${command} --help`,
  );
}
