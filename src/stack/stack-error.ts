import { failure, type Failure, type FailureCode } from '../contract/failures.js';

/** Why the development stack does not run. */
export class StackError extends Error {
  override readonly name = 'StackError';
  constructor(
    readonly failure: Failure,
    options?: ErrorOptions,
  ) {
    super(failure.message, options);
  }
}

export function stackError(code: FailureCode, message: string, fix?: string, options?: ErrorOptions): StackError {
  return new StackError(failure(code, message, fix), options);
}
