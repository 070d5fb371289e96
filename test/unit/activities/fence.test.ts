/** Promise 3: one writer per session in a process. */
import { expect, test } from 'vitest';
import { Fence, Fenced } from '../../../src/activities/fence.js';
import type { SessionId } from '../../../src/contract/ids.js';

const session = 'ses_1' as SessionId;

/** An attempt that works until it is detached, and then takes until `settle` to end. */
function attemptAt(fence: Fence, log: string[], name: string) {
  const detach = new AbortController();
  let settle = () => {};
  const settled = new Promise<void>((resolve) => (settle = resolve));
  const done = fence.alone(session, detach, async () => {
    log.push(`${name} begins`);
    await new Promise<void>((resolve) => detach.signal.addEventListener('abort', () => resolve()));
    await settled;
    log.push(`${name} settled`);
    detach.signal.throwIfAborted();
  });
  done.catch(() => undefined);
  return { done, settle, detach };
}

test('a later attempt begins only once all before it are settled, also one that never began', async () => {
  const fence = new Fence();
  const log: string[] = [];
  const first = attemptAt(fence, log, 'first');
  await expect.poll(() => log).toEqual(['first begins']);
  const second = attemptAt(fence, log, 'second');
  const third = attemptAt(fence, log, 'third');
  // Long enough for every promise that is not waiting for the first attempt.
  await new Promise((resolve) => setImmediate(resolve));
  expect(log).toEqual(['first begins']);
  first.settle();
  await expect(first.done).rejects.toBeInstanceOf(Fenced);
  await expect(second.done).rejects.toBeInstanceOf(Fenced);
  await expect.poll(() => log).toEqual(['first begins', 'first settled', 'third begins']);
  third.settle();
  third.detach.abort(new Error('over'));
  await expect(third.done).rejects.toThrow('over');
});

test('other sessions are not in each other’s way', async () => {
  const fence = new Fence();
  const first = attemptAt(fence, [], 'first');
  await expect(fence.alone('ses_2', new AbortController(), () => Promise.resolve('done'))).resolves.toBe('done');
  first.settle();
  first.detach.abort(new Error('over'));
  await expect(first.done).rejects.toThrow('over');
});
