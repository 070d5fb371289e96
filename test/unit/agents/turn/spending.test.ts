/** What a turn has used, of which its signals tell a part only. */
import { expect, test } from 'vitest';
import { ProgressTally } from '../../../../src/agents/turn/progress.js';
import { Spending } from '../../../../src/agents/turn/spending.js';
import type { Sight } from '../../../../src/agents/driver.js';
import type { Usage } from '../../../../src/contract/types.js';
import { failure } from '../../../../src/contract/failures.js';

const dollars = (cost_usd: number): Usage => ({
  ...{ input_tokens: 10, output_tokens: 1, reasoning_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 },
  cost_usd,
});
const seen = (usage: Usage, more: Partial<Sight> = {}) =>
  ({ said: () => ({ reply: '', usage }), steps: 1, ...more }) as Sight;
const denied = { denied: failure('BUDGET_EXCEEDED', 'Too much.') };
const fiveDollars = (used?: Usage) => ((used?.cost_usd ?? 0) >= 5 ? denied : undefined);

function spending() {
  const tally = new ProgressTally();
  tally.on({ type: 'used', step: 'own', usage: dollars(1) });
  return { tally, spends: new Spending(fiveDollars, tally) };
}

test('what sub-agents had used before this attempt counts with what is told since', () => {
  const { tally, spends } = spending();
  spends.see(seen(dollars(4)), true);
  expect(spends.over()).toBeUndefined();
  tally.on({ type: 'used', step: 'next', usage: dollars(1) });
  expect(spends.over()).toBe(denied);
});

test('what is seen later counts once', () => {
  const { tally, spends } = spending();
  spends.see(seen(dollars(1)), true);
  tally.on({ type: 'used', step: 'child', usage: dollars(3) });
  spends.see(seen(dollars(4)), false);
  expect(spends.over()).toBeUndefined();
});

test('a turn whose agent waits for its background is not cut off', () => {
  const { tally, spends } = spending();
  tally.on({ type: 'used', step: 'child', usage: dollars(9) });
  spends.see(seen(dollars(1), { background: 1 }), true);
  expect(spends.over()).toBeUndefined();
  spends.see(seen(dollars(1)), false);
  expect(spends.over()).toBe(denied);
});
