import { describe, expect, test } from 'vitest';
import { heldAfter } from '../../../src/activities/held-context.js';
import { readingCost } from '../../../src/activities/prices.js';
import type { RunTurnInput } from '../../../src/activities/types.js';
import type { Agent, SessionRef } from '../../../src/agents/agent.js';
import type { AgentConfig, PriceConfig } from '../../../src/config.js';

const at = '2026-01-01T12:00:00.000Z';
const pinned = { agent: 'a', model: 'p/m' } as RunTurnInput['pinned'];
const session = {} as SessionRef;
const listing = { priceOf: () => Promise.resolve({ input: 10, cacheRead: 1, cacheWrite: 12.5 }) } as unknown as Agent;
const silent = {} as Agent;

function held(
  outcome: Partial<Parameters<typeof heldAfter>[0]>,
  {
    own = { kind: 'opencode' },
    prices = [],
    agent = silent,
  }: { own?: AgentConfig; prices?: PriceConfig[]; agent?: Agent } = {},
) {
  const host = { agents: { a: own }, prices };
  return heldAfter({ status: 'completed', ...outcome }, { pinned }, host, { agent, session }, Date.parse(at));
}

describe('how long a session is warm:', () => {
  test.each([
    ['opencode', '12:05'],
    ['claude-code', '13:00'],
    ['codex', '12:10'],
    ['acp', '12:05'],
  ] as const)('%s until %s', async (kind, until) => {
    const context = await held({ context: { tokens: 10, at } }, { own: { kind } });
    expect(context).toEqual({ tokens: 10, at, warm_until: `2026-01-01T${until}:00.000Z` });
  });

  test('what the provider has written down counts before that, and the config before both', async () => {
    const context = { tokens: 10, at, warm_ms: 300_000 };
    expect(await held({ context }, { own: { kind: 'claude-code' } })).toMatchObject({
      warm_until: '2026-01-01T12:05:00.000Z',
    });
    const own = { kind: 'claude-code', cacheLifetimeMs: 60_000 } as const;
    expect(await held({ context }, { own })).toMatchObject({ warm_until: '2026-01-01T12:01:00.000Z' });
  });

  test('an agent that does not tell what it holds is warm from the end of a turn that was completed', async () => {
    expect(await held({})).toEqual({ at, warm_until: '2026-01-01T12:05:00.000Z' });
    expect(await held({ status: 'failed' })).toBeUndefined();
  });
});

describe('what the next turn costs for it:', () => {
  const context = { tokens: 100_000, at };

  test('by the config, else by the list of the agent', async () => {
    const prices = [{ model: 'p/*', input: 3, cacheRead: 0.3, cacheWrite: 3.75, output: 15 }];
    expect(await held({ context }, { prices, agent: listing })).toMatchObject({ warm_usd: 0.03, cold_usd: 0.375 });
    expect(await held({ context }, { agent: listing })).toMatchObject({ warm_usd: 0.1, cold_usd: 1.25 });
  });

  test('nothing where neither knows the model, and where its list cannot be had', async () => {
    const broken = { priceOf: () => Promise.reject(new Error('gone')) } as unknown as Agent;
    for (const agent of [silent, broken]) {
      const said = await held({ context }, { agent });
      expect(said).not.toHaveProperty('warm_usd');
      expect(said).not.toHaveProperty('cold_usd');
    }
  });

  test('a price that is not told is that of the input, and 0 is no price', () => {
    expect(readingCost(1_000_000, { input: 2 })).toEqual({ warm_usd: 2, cold_usd: 2 });
    expect(readingCost(1_000_000, { input: 0 })).toEqual({});
  });
});
