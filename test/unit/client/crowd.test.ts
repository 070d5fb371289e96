/** The callers of one topic in one process. */
import { expect, test } from 'vitest';
import { Crowd } from '../../../src/client/crowd.js';

test('of callers that wait at once, one looks for all', async () => {
  const crowd = new Crowd();
  const begunAt = performance.now() - 100;
  let looks = 0;
  const look = () => Promise.resolve(`TERMINATED ${(looks += 1)}`);
  const seen = await Promise.all(Array.from({ length: 20 }, () => crowd.seenSince(begunAt, 50, look)));
  expect(new Set(seen)).toEqual(new Set(['TERMINATED 1']));
  expect(await crowd.seenSince(begunAt, 60_000, look)).toBe('TERMINATED 1');
  expect(await crowd.seenSince(begunAt, -1, look)).toBe('TERMINATED 2');
});

test('what was seen before a caller began to wait says nothing to it: the topic may have a new run', async () => {
  const crowd = new Crowd();
  const look = () => Promise.resolve('TERMINATED');
  expect(await crowd.seenSince(performance.now() - 100, 50, look)).toBe('TERMINATED');
  expect(await crowd.seenSince(performance.now(), 50, look)).toBeUndefined();
});

test('a look that fails is tried again', async () => {
  const crowd = new Crowd();
  const begunAt = performance.now() - 100;
  await expect(crowd.seenSince(begunAt, 50, () => Promise.reject(new Error('unreachable')))).rejects.toThrow();
  expect(await crowd.seenSince(begunAt, 50, () => Promise.resolve('RUNNING'))).toBe('RUNNING');
});
