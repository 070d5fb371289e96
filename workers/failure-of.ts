/** Whatever stopped the worker, as a failure with a code. */
import { failure, isFailureCode, type Failure } from '../src/contract/failures.js';

export function failureOf(error: unknown): Failure {
  if (error instanceof Error) {
    const carried: unknown = 'failure' in error ? error.failure : undefined;
    if (typeof carried === 'object' && carried !== null && 'code' in carried && isFailureCode(carried.code)) return carried as Failure;
    return failure('INTERNAL', `${error.name}: ${error.message}`);
  }
  return failure('INTERNAL', String(error));
}

/** A failure on its way to the process's end. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
  constructor(
    readonly failure: Failure,
    options?: ErrorOptions,
  ) {
    super(failure.message, options);
  }
}
