/** What requests cost: pure. */
import { readFileSync } from 'node:fs';
import { PromptCache, type CacheRules, type Input } from './prompt-cache.js';
import type { Segment } from './segments.js';

/** The API of a model, which says how its cache works. */
export type Wire = 'anthropic' | 'openai';

export interface Provider {
  wire: Wire;
  model: string;
  /** When the prices were listed. */
  asOf: string;
  ttlMinutes: number;
  rules: CacheRules;
  /** For a million tokens. `write`: of input that the cache keeps. */
  usd: { input: number; read: number; write: number; output: number };
}

export const PROVIDERS = (
  JSON.parse(readFileSync(new URL('prices.json', import.meta.url), 'utf8')) as { providers: Record<string, Provider> }
).providers;

/** The names of a wire's providers. The first one is the one of the picture. */
export const providersOf = (wire: Wire): string[] =>
  Object.entries(PROVIDERS).flatMap(([name, provider]) => (provider.wire === wire ? [name] : []));

export type Request = readonly Segment[];
/** The requests of one turn. */
export type Turn = readonly Request[];

export interface Cost extends Input {
  requests: number;
  /** Input tokens as they were sent. */
  input: number;
  /** Input tokens, each counted by its price as a part of the price of one outside of the cache. */
  weighted: number;
  output: number;
  usd: number;
}

export const weightOf = ({ read, written, plain }: Input, { usd }: Provider): number =>
  (read * usd.read + written * usd.write) / usd.input + plain;

/** What the provider does with each request of a turn. @param before what was sent before the turn */
export function inputsOf(turn: Turn, before: readonly Turn[], { rules }: Provider): Input[] {
  const cache = new PromptCache(rules);
  for (const request of before.flat()) cache.ask(request);
  return turn.map((request) => cache.ask(request));
}

/** @param before what was sent before the turn, and is still in the cache */
export function costOf(turn: Turn, before: readonly Turn[], provider: Provider): Cost {
  const { usd } = provider;
  const inputs = inputsOf(turn, before, provider);
  const sum = (of: (input: Input) => number) => inputs.reduce((all, input) => all + of(input), 0);
  const [read, written, plain] = [sum((one) => one.read), sum((one) => one.written), sum((one) => one.plain)];
  const weighted = sum((input) => weightOf(input, provider));
  const output = writtenIn(turn);
  return {
    ...{ requests: turn.length, input: read + written + plain, read, written, plain, weighted, output },
    usd: (weighted * usd.input + output * usd.output) / 1e6,
  };
}

/** What the model has written between the first request of a turn and its last one. */
function writtenIn(turn: Turn): number {
  const byModel = (request: Request = []) =>
    request.reduce((sum, { tokens, byModel }) => sum + (byModel ? tokens : 0), 0);
  const longest = turn.reduce<Request>((most, request) => (request.length > most.length ? request : most), []);
  const first = turn.find((request) => request.length > 0 && sharesBeginning(request, longest));
  return Math.max(0, byModel(longest) - byModel(first));
}

const sharesBeginning = (one: Request, other: Request) => one[0]?.text === other[0]?.text;
