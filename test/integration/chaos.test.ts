/**
 * Promises 1 to 5 while everything is killed, an operator interferes, garbage comes, many call at
 * once, agents ask, and their provider refuses, on a small scale; at length: `npm run chaos -- --agent codex --kills 300`.
 */
import { describe, expect, test } from 'vitest';
import { CHAOS_AGENTS, chaosAgent, whyMissing } from '../chaos/agents/index.js';
import { chaos } from '../chaos/chaos.js';

const SEED = 20_261_123;

/** An ACP agent starts a process for each session, and is far slower: `npm run chaos -- --agent acp`. */
const AGENTS = CHAOS_AGENTS.filter((name) => name !== 'acp');

describe.each(AGENTS)('With %s', (name) => {
  const missing = whyMissing(name);
  test.skipIf(missing !== undefined)(
    `whatever is killed, ended, reset or sent, every prompt is answered, in order, and stands once in its session (seed ${SEED})${missing ?? ''}`,
    { timeout: 900_000 },
    async () => {
      const lines: string[] = [];
      const disturbers = { operator: true, garbage: true, waits: true, bursts: { times: 1, calls: 10 } };
      const { breaches, facts } = await chaos({
        agent: chaosAgent(name, { asks: true }),
        seed: SEED,
        kills: 15,
        prompts: 8,
        topics: 4,
        clients: 2,
        gapMs: 1500,
        ...disturbers,
        report: (line) => lines.push(line),
      });
      expect(breaches, JSON.stringify(facts, null, 2)).toEqual([]);
      expect(facts['prompts answered']).toBeGreaterThanOrEqual(8);
      expect(facts['answered in bursts']).toBe(disturbers.bursts.calls);
      for (const disturber of ['deeds of the operator', 'garbage taken by the server', 'what the person did'])
        expect(facts[disturber], disturber).not.toBe('');
    },
  );
});
