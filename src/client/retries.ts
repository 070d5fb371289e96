/**
 * Retries calls like the SDK does, but only while the connection is open. The SDK also retries on a
 * connection that was closed meanwhile. It does so from a timer, so no caller can catch the error,
 * and the process ends.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor, type ConnectionOptions } from '@temporalio/client';

export interface Retries {
  interceptor: NonNullable<ConnectionOptions['interceptors']>[number];
  /** Resolves once no retry is under way. The connection may be closed then. */
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
