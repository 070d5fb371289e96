/** The failure of any error that stopped the worker. */
import { Failed, failure, type Failure } from '../src/contract/failures.js';

export function failureOf(error: unknown): Failure {
  if (error instanceof Failed) return error.failure as Failure;
  return failure('INTERNAL', error instanceof Error ? `${error.name}: ${error.message}` : String(error));
}
