/** Runs an activity that works on a session without a turn: heartbeats, cancellation, errors. */
import { Context } from '@temporalio/activity';
import { translated } from './translate.js';

const HEARTBEAT_EVERY_MS = 1000;

/** @throws ApplicationFailure with a code of the contract, or the reason of the cancellation */
export async function withHeartbeats<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { cancellationSignal, heartbeat } = Context.current();
  const beat = setInterval(heartbeat, HEARTBEAT_EVERY_MS);
  try {
    return await work(cancellationSignal);
  } catch (error) {
    cancellationSignal.throwIfAborted();
    throw translated(error);
  } finally {
    clearInterval(beat);
  }
}
