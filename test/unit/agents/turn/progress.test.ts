import { beforeEach, describe, expect, test } from 'vitest';
import { ProgressTally } from '../../../../src/agents/turn/progress.js';
import { failure } from '../../../../src/contract/failures.js';

let tally: ProgressTally;
beforeEach(() => (tally = new ProgressTally()));
const because = failure('AGENT_RATE_LIMITED', 'The provider refused for now.');

describe('Progress is', () => {
  test('a step, once', () => {
    tally.on({ type: 'did', step: 'bash: npm test' });
    expect(tally.take()).toEqual({ step: 'bash: npm test' });
    tally.on({ type: 'did', step: 'bash: npm test' });
    expect(tally.take()).toBeUndefined();
  });

  test('work that shows nothing new, such as the output of a tool', () => {
    tally.on({ type: 'did', step: 'bash: npm test' });
    tally.take();
    tally.on({ type: 'worked' });
    expect(tally.take()).toEqual({ step: 'bash: npm test' });
    expect(tally.take()).toBeUndefined();
  });

  test('each time that the provider refuses and is asked again, and the end of that', () => {
    tally.on({ type: 'refused', because, until: '2026-11-29T10:00:00Z' });
    expect(tally.take()).toEqual({ refused: because });
    tally.on({ type: 'refused', because, until: '2026-11-29T10:00:00Z' });
    expect(tally.take()).toBeUndefined();
    tally.on({ type: 'refused', because, until: '2026-11-29T10:00:02Z' });
    expect(tally.take()).toEqual({ refused: because });
    tally.on({ type: 'refused' });
    expect(tally.take()).toEqual({});
    tally.on({ type: 'refused' });
    expect(tally.take()).toBeUndefined();
  });
});

test('a turn is quiet since it was last asked only if nothing was reported', () => {
  expect(tally.wasQuiet()).toBe(true);
  tally.on({ type: 'worked' });
  tally.take();
  expect(tally.wasQuiet()).toBe(false);
  expect(tally.wasQuiet()).toBe(true);
});
