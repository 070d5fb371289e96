/** Starts a part of the stack again when it ends, with growing pauses, and says so. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessIdentity } from '../host/process-identity.js';

export interface Running extends ProcessIdentity {
  /** How it ended, as the rest of a sentence; never rejects. */
  ended: Promise<string>;
}

export interface Kept<Part extends Running> {
  /** What runs now, or ran last. */
  current(): Part;
  /** No new start after this; what runs goes on. Resolves once a start that is under way has come to its end. */
  release(): Promise<void>;
}

interface Keeping<Part extends Running> {
  name: string;
  start: () => Promise<Part>;
  report: (line: string) => void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** What has run so long is taken to be well again. */
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
        await sleep(pauseMs, undefined, { signal: released.signal }).catch(() => undefined); // Released: seen below.
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
