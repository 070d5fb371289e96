import { Failed } from '../../contract/failures.js';

/**
 * A command line that cannot be parsed: exit code 2. The failure table does not have it, because it
 * never leaves this process.
 */
export class UsageError extends Failed<{ code: 'USAGE'; message: string; fix: string }> {
  override readonly name = 'UsageError';

  constructor(message: string, fix: string) {
    super({ code: 'USAGE', message, fix });
  }
}
