/** What requests cost: pure. */
import { readFileSync } from 'node:fs';
import { PromptCache, type CacheRules } from './prompt-cache.js';
import type { Segment } from './segments.js';

export interface Provider {
  model: string;
  ttlMinutes: number;
  rules: CacheRules;
  /** For a million tokens. `write`: of input that was not in the cache. */
  usd: { input: number; read: number; write: number; output: number };
}

const prices = JSON.parse(readFileSync(new URL('prices.json', import.meta.url), 'utf8')) as {
  asOf: string;
  providers: Record<string, Provider>;
};
export const PRICES_AS_OF = prices.asOf;
export const PROVIDERS = prices.providers;

/** The requests of one turn. */
export type Turn = readonly (readonly Segment[])[];

export interface Cost {
  requests: number;
  /** Input tokens as they were sent. */
  input: number;
  /** Of these, from the cache. */
  read: number;
  /** Input tokens, each counted by its price as a part of the price of one outside of the cache. */
  weighted: number;
  output: number;
  usd: number;
}

/** @param before what the cache has when the turn begins */
export function costOf(turn: Turn, before: readonly Turn[], { rules, usd }: Provider): Cost {
  const cache = new PromptCache(rules);
  for (const request of before.flat()) cache.ask(request);
  const cost: Cost = { requests: turn.length, input: 0, read: 0, weighted: 0, output: 0, usd: 0 };
  for (const request of turn) {
    const { read, fresh } = cache.ask(request);
    cost.input += read + fresh;
    cost.read += read;
    cost.weighted += (read * usd.read + fresh * usd.write) / usd.input;
  }
  cost.output = writtenIn(turn);
  cost.usd = (cost.weighted * usd.input + cost.output * usd.output) / 1e6;
  return cost;
}

/** What the model has written between the first request of a turn and its last one. */
function writtenIn(turn: Turn): number {
  const byModel = (request: readonly Segment[] = []) =>
    request.reduce((sum, { tokens, byModel }) => sum + (byModel ? tokens : 0), 0);
  const longest = turn.reduce<readonly Segment[]>(
    (most, request) => (request.length > most.length ? request : most),
    [],
  );
  const first = turn.find((request) => request.length > 0 && sharesBeginning(request, longest));
  return Math.max(0, byModel(longest) - byModel(first));
}

const sharesBeginning = (one: readonly Segment[], other: readonly Segment[]) => one[0]?.text === other[0]?.text;
