/** Restarts a part of the stack when it ends, and reports it. The pauses grow. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessIdentity } from '../host/process-identity.js';

export interface Running extends ProcessIdentity {
  /** How it ended. Ends a sentence. Never rejects. */
  ended: Promise<string>;
}

export interface Kept<Part extends Running> {
  /** The process that runs now, or ran last. */
  current(): Part;
  /**
   * Prevents further starts. The running process continues. Resolves when a start in progress has
   * finished.
   */
  release(): Promise<void>;
}

interface Keeping<Part extends Running> {
  name: string;
  start: () => Promise<Part>;
  report: (line: string) => void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** A part that ran this long counts as healthy again, and the pauses start from the shortest. */
const WELL_AFTER_MS = 60_000;

export function keepRunning<Part extends Running>(first: Part, { name, start, report }: Keeping<Part>): Kept<Part> {
  const released = new AbortController();
  let current = first;
  const loop = (async () => {
    let pauseMs = FIRST_PAUSE_MS;
    for (;;) {
      const since = Date.now();
      const how = await Promise.race([current.ended, whenAborted(released.signal)]);
      if (how === undefined) return;
      if (Date.now() - since > WELL_AFTER_MS) pauseMs = FIRST_PAUSE_MS;
      for (let begun = false; !begun; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
        report(`The ${name} ended ${how}. Starting it again in ${pauseMs / 1000} s.`);
        await sleep(pauseMs, undefined, { signal: released.signal }).catch(() => undefined); // AbortError: the next line sees it.
        if (released.signal.aborted) return;
        begun = await start().then(
          (part) => {
            current = part;
            return true;
          },
          (error: unknown) => {
            if (released.signal.aborted) return false;
            report(error instanceof Error ? error.message : String(error));
            return false;
          },
        );
      }
    }
  })();
  return {
    current: () => current,
    release: () => {
      released.abort();
      return loop;
    },
  };
}

function whenAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
