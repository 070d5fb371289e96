/**
 * Calls are tried again as the SDK does it, as long as the connection is open. The SDK itself would also retry on one that
 * was closed meanwhile, from a timer, and so throw where nobody can catch it: the caller's process would end.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor, type ConnectionOptions } from '@temporalio/client';

export interface Retries {
  interceptor: NonNullable<ConnectionOptions['interceptors']>[number];
  /** Resolves once none is under way, after which the connection may be closed. */
  end(): Promise<void>;
}

export function newRetries(): Retries {
  const standard = defaultGrpcRetryOptions();
  let ended = false;
  let lastAt = 0;
  return {
    interceptor: makeGrpcRetryInterceptor({
      retryableDecider: (attempt, status) => !ended && standard.retryableDecider(attempt, status),
      delayFunction(attempt, status) {
        const delayMs = standard.delayFunction(attempt, status);
        lastAt = Math.max(lastAt, performance.now() + delayMs);
        return delayMs;
      },
    }),
    async end() {
      ended = true;
      const left = lastAt - performance.now();
      if (left > -20) await sleep(left + 20);
    },
  };
}
