/** A task is kept before its call is answered, so that a kill right after the answer loses no report. */
import { setImmediate as aTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PushStore, PushTask } from '../../../src/contract/pushes.js';
import { Pushes } from '../../../src/mcp/pushes.js';

const TASK = { topic: 't', prompt_id: 'p' };

let pushes: Pushes;
let kept: PushTask[];
/** Lets the store write. */
let write: () => void;
let store: PushStore;
beforeEach(() => {
  pushes = new Pushes({ using: () => Promise.reject(new Error('no server')), note: () => undefined });
  kept = [];
  const written = new Promise<void>((resolve) => (write = resolve));
  store = {
    keep: async (task) => {
      await written;
      kept.push(task);
    },
    drop: () => Promise.resolve(),
    takeOver: () => Promise.resolve([]),
  };
});
afterEach(() => pushes.end());

async function keptBefore(accepted: Promise<void>): Promise<number> {
  let isOver = false;
  void accepted.then(() => (isOver = true));
  await aTurn();
  expect(isOver).toBe(false);
  write();
  await accepted;
  return kept.length;
}

test('it is accepted once it is kept', async () => {
  await pushes.begin(Promise.resolve(store), () => Promise.resolve());
  expect(await keptBefore(pushes.accepted(TASK))).toBe(1);
});

test('also while the store is still opening', async () => {
  const opening = new Promise<PushStore>((resolve) => setImmediate(() => resolve(store)));
  void pushes.begin(opening, () => Promise.resolve());
  expect(await keptBefore(pushes.accepted(TASK))).toBe(1);
});

test('a store that cannot be opened, and a client that takes no reports, keep no call waiting', async () => {
  await pushes.accepted(TASK);
  await pushes.begin(Promise.reject(new Error('no such folder')), () => Promise.resolve());
  await pushes.accepted({ ...TASK, prompt_id: 'q' });
  expect(kept).toEqual([]);
});
