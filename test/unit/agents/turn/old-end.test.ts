import { expect, test } from 'vitest';
import type { Sight } from '../../../../src/agents/driver.js';
import { OldEnd } from '../../../../src/agents/turn/old-end.js';

const failed = { status: 'failed' as const };
const sight = (given: Partial<Sight>): Sight => ({
  prompt: 'present',
  superseded: false,
  busy: false,
  steps: 1,
  fingerprint: 'one',
  done: () => [],
  said: () => ({ reply: '' }),
  ...given,
});
const hides = (old: OldEnd, given: Partial<Sight>) => old.without(sight({ end: failed, ...given })) !== undefined;

test('the old end is hidden until the session has more of the turn', () => {
  const old = new OldEnd();
  expect(hides(old, {})).toBe(true);
  old.wentOn(sight({}));
  expect(hides(old, {})).toBe(true);
  expect(hides(old, { fingerprint: 'two' })).toBe(false);
});

test('an agent that worked and was killed before it stored anything has not ended anew', () => {
  const old = new OldEnd();
  old.wentOn(sight({}));
  old.without(sight({ busy: 'this' }));
  expect(hides(old, {})).toBe(true);
});

test('an attempt that finds the turn at work takes the end that follows', () => {
  const old = new OldEnd();
  old.without(sight({ busy: 'this' }));
  expect(hides(old, { fingerprint: 'two' })).toBe(false);
});

test('an end that is well, or overtaken, is never hidden', () => {
  expect(hides(new OldEnd(), { end: { status: 'completed' } })).toBe(false);
  expect(hides(new OldEnd(), { superseded: true })).toBe(false);
});
