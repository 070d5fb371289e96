/** Promises 1 to 5 while everything is killed, an operator interferes, garbage comes and many call at once, on a small scale; at length: `npm run chaos -- --kills 1000`. */
import { expect, test } from 'vitest';
import { chaos } from '../chaos/chaos.js';

const SEED = 20_261_123;

test(`whatever is killed, ended, reset or sent, every prompt is answered, in order, and stands once in its session (seed ${SEED})`, { timeout: 400_000 }, async () => {
  const lines: string[] = [];
  const disturbers = { operator: true, garbage: true, bursts: { times: 1, calls: 20 } };
  const { breaches, facts } = await chaos({ seed: SEED, kills: 12, prompts: 8, topics: 4, clients: 2, gapMs: 1500, ...disturbers, report: (line) => lines.push(line) });
  expect(breaches, JSON.stringify(facts, null, 2)).toEqual([]);
  expect(facts['prompts answered']).toBeGreaterThanOrEqual(8);
  expect(facts['answered in bursts']).toBe(disturbers.bursts.calls);
  for (const disturber of ['deeds of the operator', 'garbage taken by the server']) expect(facts[disturber], disturber).not.toBe('');
});
