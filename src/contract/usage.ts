/** Tokens and cost, and their sums: pure. Anyone may import this; it imports nothing. */

export interface Usage {
  input_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
  cache_read_tokens: number;
  cache_write_tokens: number;
  cost_usd?: number;
  /**
   * Steps of the model that were cut off before the agent stored what they used. They are missing in
   * the other numbers. Absent: none that is known of.
   */
  uncounted_steps?: number;
}

/**
 * What steps or turns have used together. The cost is absent if that of any part is: a sum of some
 * would pass for all. Agents report what they like, so tokens that are no number, or below 0, count
 * as none, such a cost is not known, and a sum never shrinks.
 */
export function sumOf(parts: readonly Usage[]): Usage {
  const sum = (name: keyof Usage) =>
    Math.min(
      parts.reduce((total, part) => total + counted(part[name]), 0),
      Number.MAX_SAFE_INTEGER, // JSON has no Infinity.
    );
  const isPriced = parts.every(hasCost);
  return {
    input_tokens: sum('input_tokens'),
    output_tokens: sum('output_tokens'),
    reasoning_tokens: sum('reasoning_tokens'),
    cache_read_tokens: sum('cache_read_tokens'),
    cache_write_tokens: sum('cache_write_tokens'),
    ...(isPriced && { cost_usd: sum('cost_usd') }),
    ...uncounted(sum('uncounted_steps')),
  };
}

/** By how much the first exceeds the second. The cost is absent if that of either is. */
export function beyond(all: Usage | undefined, part: Usage | undefined): Usage | undefined {
  if (!all || !part) return all;
  const more = (name: keyof Usage) => Math.max(counted(all[name]) - counted(part[name]), 0);
  return {
    input_tokens: more('input_tokens'),
    output_tokens: more('output_tokens'),
    reasoning_tokens: more('reasoning_tokens'),
    cache_read_tokens: more('cache_read_tokens'),
    cache_write_tokens: more('cache_write_tokens'),
    ...(hasCost(all) && hasCost(part) && { cost_usd: more('cost_usd') }),
    ...uncounted(more('uncounted_steps')),
  };
}

/** The larger of two reports of one turn, where the later one can have lost something. */
export function furthest(before: Usage | undefined, after: Usage | undefined): Usage | undefined {
  if (!before || !after) return after ?? before;
  const most = (name: keyof Usage) =>
    Math.min(Math.max(counted(before[name]), counted(after[name])), Number.MAX_SAFE_INTEGER);
  return {
    input_tokens: most('input_tokens'),
    output_tokens: most('output_tokens'),
    reasoning_tokens: most('reasoning_tokens'),
    cache_read_tokens: most('cache_read_tokens'),
    cache_write_tokens: most('cache_write_tokens'),
    ...(hasCost(before) && hasCost(after) && { cost_usd: most('cost_usd') }),
    ...uncounted(most('uncounted_steps')),
  };
}

/** Whether its cost is known: a number that can be one. */
export const hasCost = (used: Usage): used is Usage & { cost_usd: number } =>
  used.cost_usd !== undefined && Number.isFinite(used.cost_usd) && used.cost_usd >= 0;

const uncounted = (steps: number) => (steps > 0 ? { uncounted_steps: steps } : {});

const counted = (value: number | undefined) => (value !== undefined && Number.isFinite(value) && value > 0 ? value : 0);

export function tokensOf({ input_tokens, output_tokens, reasoning_tokens, ...cache }: Usage): number {
  return input_tokens + output_tokens + reasoning_tokens + cache.cache_read_tokens + cache.cache_write_tokens;
}

/** `at least ` where steps are missing. */
export const atLeast = ({ uncounted_steps = 0 }: Usage) => (uncounted_steps > 0 ? 'at least ' : '');

/** e.g. `, 71 % of the input from the cache`. Empty when there was no input. */
export function cachedWords({ input_tokens, cache_read_tokens, cache_write_tokens }: Usage): string {
  const input = input_tokens + cache_read_tokens + cache_write_tokens;
  return input === 0 ? '' : `, ${Math.round((100 * cache_read_tokens) / input)} % of the input from the cache`;
}
