import { expect, test } from 'vitest';
import { Inbox } from '../../../src/workflows/inbox.js';

/** The messages of one task, in this order. */
async function handled(...messages: string[]): Promise<string[]> {
  const inbox = new Inbox();
  const order: string[] = [];
  let last: Promise<unknown> = Promise.resolve();
  for (const name of messages)
    if (name.startsWith('signal')) inbox.signal(() => order.push(name));
    else last = inbox.update(() => order.push(name));
  expect(order).toEqual([]);
  await last;
  return order;
}

test('signals come before updates, and each kind keeps its order', async () => {
  const order = ['signal 1', 'signal 2', 'update 1', 'update 2'];
  expect(await handled('update 1', 'signal 1', 'update 2', 'signal 2')).toEqual(order);
  expect(await handled('signal 1', 'signal 2', 'update 1', 'update 2')).toEqual(order);
});

test('is not empty until its signals were handled', async () => {
  const inbox = new Inbox();
  expect(inbox.isEmpty).toBe(true);
  inbox.signal(() => undefined);
  const ticks: boolean[] = [];
  while (ticks.length < 10 && !inbox.isEmpty) {
    ticks.push(inbox.isEmpty);
    await Promise.resolve();
  }
  expect(ticks.length).toBeGreaterThan(1);
  expect(inbox.isEmpty).toBe(true);
});

test('what a handler of an update throws is for its caller, and the others are handled', async () => {
  const inbox = new Inbox();
  const refused = inbox.update(() => Promise.reject(new Error('no')));
  const next = inbox.update(() => 'next');
  await expect(refused).rejects.toThrow('no');
  expect(await next).toBe('next');
});
