/** How a command ends that could not do what it was asked. */
import { FAILURES, isFailureCode } from '../contract/failures.js';
import type { Output } from './output.js';

interface Told {
  error: { code: string; message: string; fix: string };
}

/** Says what happened and what to do, in the one form or the other. @returns the exit code */
export function fail(error: unknown, output: Output): number {
  const told = toldOf(error);
  if (output.json) output.answer(told, '');
  else output.problem(told.error);
  if (told.error.code === 'INTERNAL' && error instanceof Error && error.stack) output.note(error.stack);
  return exitOf(told.error.code);
}

/** What the parts throw carries a failure, and knows itself as JSON where there is more to tell. Anything else is a defect. */
function toldOf(error: unknown): Told {
  if (typeof error === 'object' && error !== null && 'failure' in error) {
    if ('toJSON' in error) return (error as { toJSON(): Told }).toJSON();
    return { error: error.failure as Told['error'] };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { error: { code: 'INTERNAL', message: `Something went wrong in continuity itself: ${message}`, fix: FAILURES.INTERNAL.fix } };
}

/** A newer worker may send a code that this release does not know. */
export function exitOf(code: string): number {
  if (code === 'USAGE') return 2;
  return isFailureCode(code) ? FAILURES[code].exit : 1;
}
