/** Used for the turns of a host and for the calls of a client. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Semaphore } from '../../src/semaphore.js';

const never = new AbortController().signal;
const settled = () => new Promise((resolve) => setImmediate(resolve));

function turnAt(slots: Semaphore, name: string, log: string[], signal = never) {
  const acquired = slots.acquire(signal).then((release) => {
    log.push(name);
    return release;
  });
  acquired.catch(() => undefined);
  return { acquired, end: async () => (await acquired)() };
}

test('turns beyond the slots wait, and get one in the order in which they came', async () => {
  const slots = new Semaphore(2);
  const log: string[] = [];
  const [a, b] = ['a', 'b', 'c', 'd'].map((name) => turnAt(slots, name, log));
  await settled();
  expect(log).toEqual(['a', 'b']);
  await b?.end();
  await settled();
  expect(log).toEqual(['a', 'b', 'c']);
  await a?.end();
  await settled();
  expect(log).toEqual(['a', 'b', 'c', 'd']);
});

test('a turn that no longer wants a slot leaves its place, and takes none', async () => {
  const slots = new Semaphore(1);
  const log: string[] = [];
  const first = turnAt(slots, 'first', log);
  const gone = new AbortController();
  const second = turnAt(slots, 'second', log, gone.signal);
  turnAt(slots, 'third', log);
  gone.abort(new Error('cancelled'));
  await expect(second.acquired).rejects.toThrow('cancelled');
  await expect(slots.acquire(gone.signal)).rejects.toThrow('cancelled');
  await first.end();
  await settled();
  expect(log).toEqual(['first', 'third']);
});

test('a slot that is given back twice is one slot', async () => {
  const slots = new Semaphore(1);
  const release = await slots.acquire(never);
  release();
  release();
  const log: string[] = [];
  turnAt(slots, 'one', log);
  turnAt(slots, 'two', log);
  await settled();
  expect(log).toEqual(['one']);
});

test('whatever comes, leaves and ends, at most as many turns work as there are slots, and none is idle while a turn waits', async () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('come', 'end', 'leave'), fc.nat(30)), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), steps, async (count, all) => {
      const slots = new Semaphore(count);
      const working: (() => void)[] = [];
      const waiting = new Map<number, AbortController>();
      for (const [index, [step, pick]] of all.entries()) {
        const one = [...waiting.keys()][pick % Math.max(waiting.size, 1)];
        if (step === 'end') working.splice(pick % Math.max(working.length, 1), 1)[0]?.();
        else if (step === 'leave' && one !== undefined) waiting.get(one)?.abort(new Error('left'));
        else if (step === 'come') {
          const controller = new AbortController();
          waiting.set(index, controller);
          void slots.acquire(controller.signal).then(
            (release) => (waiting.delete(index), working.push(release)),
            () => waiting.delete(index),
          );
        }
        await settled();
        expect(working.length).toBeLessThanOrEqual(count);
        if (waiting.size > 0) expect(working.length).toBe(count);
      }
    }),
    { numRuns: 50 },
  );
});
