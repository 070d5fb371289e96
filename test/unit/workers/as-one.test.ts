import { IllegalStateError } from '@temporalio/common';
import { expect, test, vi } from 'vitest';
import { asOne } from '../../../workers/as-one.js';

/** A worker that ends as it is told, when it is shut down or broken. */
function part(ends: { shutDownWith?: Error } = {}) {
  let resolve = () => {};
  let reject: (error: Error) => void = () => {};
  const ended = new Promise<void>((...settle) => ([resolve, reject] = settle));
  const shutdown = vi.fn(() => (ends.shutDownWith ? reject(ends.shutDownWith) : resolve()));
  return { run: () => ended, shutdown, getState: () => 'RUNNING' as const, breakWith: (error: Error) => reject(error) };
}

const stillInUse = new IllegalStateError('Worker still in use: Expected 1 reference, but got 2');

test('a worker that was shut down ends without an error, although the SDK still holds a poll of it', async () => {
  const workers = [part({ shutDownWith: stillInUse }), part()];
  const one = asOne(workers);
  const running = one.run();
  one.shutdown();
  await expect(running).resolves.toBeUndefined();
});

test('what breaks beside that is not lost', async () => {
  const one = asOne([part({ shutDownWith: stillInUse }), part({ shutDownWith: new Error('The disk is gone.') })]);
  const running = one.run();
  one.shutdown();
  await expect(running).rejects.toThrow('The disk is gone.');
});

test('a worker that breaks by itself ends the others, and says why', async () => {
  const [broken, other] = [part(), part()];
  const running = asOne([broken, other]).run();
  broken.breakWith(stillInUse);
  await expect(running).rejects.toBe(stillInUse);
  expect(other.shutdown).toHaveBeenCalledOnce();
});
