import pRetry from 'p-retry';
import { failure } from '../../contract/failures.js';
import { AgentError } from '../agent.js';
import { Unreachable } from '../driver.js';

/** How an agent's program is reached. */
export interface Reach<Live> {
  connect(): Promise<Live>;
  /** Replaces the program that was reached, if it no longer answers. */
  recover(live: Live): Promise<void>;
  /** The log file of the program. */
  log: string;
}

/**
 * Runs idempotent work on a running program, with a few tries.
 *
 * @throws AgentError
 */
export async function patiently<Live, T>(
  reach: Reach<Live>,
  signal: AbortSignal,
  work: (live: Live) => Promise<T>,
): Promise<T> {
  const attempt = async () => {
    signal.throwIfAborted();
    const live = await reach.connect();
    try {
      return await work(live);
    } catch (error) {
      if (error instanceof Unreachable) await reach.recover(live);
      throw error;
    }
  };
  try {
    return await pRetry(attempt, {
      retries: 4,
      minTimeout: 200,
      shouldRetry: ({ error }) => error instanceof Unreachable,
      signal,
    });
  } catch (error) {
    throw error instanceof Unreachable ? unreachable(error, reach) : error;
  }
}

export function unreachable(cause: Unreachable, { log }: { log: string }): AgentError {
  return new AgentError(failure('AGENT_CRASHED', `${cause.message}. Its log is ${log}.`), true, { cause });
}
