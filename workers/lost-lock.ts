/**
 * Ends a worker that has lost its lock. The next worker could not know that this one runs, and both
 * would drive the same sessions.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Failed, failure } from '../src/contract/failures.js';
import type { HeldLock } from '../src/host/lock-file.js';

const LOOK_EVERY_MS = 1000;

/** Resolves once the file of a lock was removed or replaced. Never resolves after an abort. */
export async function lostLock(locks: readonly HeldLock[], signal: AbortSignal): Promise<Failed> {
  for (;;) {
    const lost = locks.find((lock) => !lock.inPlace());
    if (lost) return lostError(lost.file);
    // Aborted.
    await sleep(LOOK_EVERY_MS, undefined, { signal, ref: false }).catch(() => new Promise(() => undefined));
  }
}

function lostError(file: string): Failed {
  const message = `${file} was removed or replaced while this worker held it. The worker has stopped, so that no second one drives the same sessions.`;
  return new Failed(
    failure(
      'DATA_DIR_LOCKED',
      message,
      'Start it again with: continuity worker. Do not remove the file: the lock ends with its process, and the file does no harm.',
    ),
  );
}
