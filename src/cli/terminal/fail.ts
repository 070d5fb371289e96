/** Reports the failure of a command. */
import { toldOf } from '../../client/told.js';
import { FAILURES, isFailureCode } from '../../contract/failures.js';
import type { Output } from './output.js';

/**
 * Prints the error as text or as JSON.
 * @returns the exit code
 */
export function fail(error: unknown, output: Output): number {
  const told = toldOf(error);
  if (output.json) output.answer(told, '');
  else output.problem(told.error);
  if (told.error.code === 'INTERNAL' && error instanceof Error && error.stack) output.note(error.stack);
  return exitOf(told.error.code);
}

/**
 * The exit code of a failure. A newer worker may send a code that this release does not know: 1.
 */
export function exitOf(code: string): number {
  if (code === 'USAGE') return 2;
  return isFailureCode(code) ? FAILURES[code].exit : 1;
}
