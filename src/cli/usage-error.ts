/** A command line that can't be read: exit code 2. Not in the failure table, because it never travels. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly failure: { code: 'USAGE'; message: string; fix: string };

  constructor(message: string, fix: string) {
    super(message);
    this.failure = { code: 'USAGE', message, fix };
  }
}
