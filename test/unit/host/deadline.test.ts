/** A deadline comes, whatever the garbage collector takes meanwhile. */
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import { deadline } from '../../../src/host/deadline.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('a deadline outlives a garbage collection', async () => {
  const aborted = vi.fn();
  deadline(200, new AbortController().signal).addEventListener('abort', aborted);
  await setImmediate(); // What this task has touched is not collected before its end.
  collectGarbage();
  await vi.waitFor(() => expect(aborted).toHaveBeenCalledTimes(1), 5_000);
});

test('a deadline aborts with the signal that comes first, and for its reason', () => {
  const stop = new AbortController();
  const signal = deadline(60_000, stop.signal);
  expect(signal.aborted).toBe(false);
  stop.abort('stopped');
  expect(signal.reason).toBe('stopped');
  expect(deadline(60_000, AbortSignal.abort('before')).reason).toBe('before');
});
