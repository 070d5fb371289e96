/** What tokens cost by the config, where an agent names no cost. Pure. */
import type { PriceConfig } from '../config.js';
import type { ModelPrice } from '../agents/last-request.js';
import type { Usage } from '../contract/types.js';
import { matchesText } from './pattern.js';

const MILLION = 1_000_000;

/** The same usage, with its cost if the agent has named one or config has the price of the model. */
export function priced(usage: Usage, model: string | undefined, prices: readonly PriceConfig[]): Usage {
  if (usage.cost_usd !== undefined) return usage;
  const price = priceIn(prices, model);
  if (!price) return usage;
  const { input, output, cacheRead = input, cacheWrite = input } = price;
  const cost =
    usage.input_tokens * input +
    usage.cache_read_tokens * cacheRead +
    usage.cache_write_tokens * cacheWrite +
    (usage.output_tokens + usage.reasoning_tokens) * output;
  return { ...usage, cost_usd: cost / MILLION };
}

export const priceIn = (prices: readonly PriceConfig[], model: string | undefined): PriceConfig | undefined =>
  prices.find((one) => matchesText(one.model, model ?? ''));

/**
 * The cost of sending so many tokens again: `warm_usd` if the cache has them, `cold_usd` if they are
 * written into it again. A cost of 0 is left out, because a price of 0 is one that is not known.
 */
export function readingCost(
  tokens: number,
  { input, cacheRead = input, cacheWrite = input }: ModelPrice,
): { warm_usd?: number; cold_usd?: number } {
  const [warm_usd, cold_usd] = [cacheRead, cacheWrite].map((price) => Math.round(tokens * price) / MILLION);
  return { ...(warm_usd && { warm_usd }), ...(cold_usd && { cold_usd }) };
}
