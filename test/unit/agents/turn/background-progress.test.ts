import { expect, test } from 'vitest';
import { ProgressTally } from '../../../../src/agents/turn/progress.js';

test('progress says for how many background agents a turn waits, and what they do', () => {
  const tally = new ProgressTally();
  tally.on({ type: 'did', step: 'bash: npm test' });
  tally.waitsFor(2);
  expect(tally.take()).toEqual({ step: 'waits for 2 background agents' });
  tally.on({ type: 'did', step: 'sub-agent: thinks' });
  expect(tally.take()).toEqual({ step: 'waits for 2 background agents: sub-agent: thinks' });
  tally.waitsFor(2);
  expect(tally.take()).toBeUndefined();
  tally.waitsFor(1);
  expect(tally.take()).toEqual({ step: 'waits for a background agent: sub-agent: thinks' });
  tally.waitsFor(undefined);
  tally.on({ type: 'did', step: 'read: a.ts' });
  expect(tally.take()).toEqual({ step: 'read: a.ts' });
});
