import type { Usage } from '../../contract/types.js';

/** Tokens and cost of all steps together. The cost is unknown if the cost of any step is. */
export function sumOf(steps: readonly Usage[]): Usage {
  const sum = (count: (step: Usage) => number) => steps.reduce((total, step) => total + count(step), 0);
  const isPriced = steps.every(({ cost_usd }) => cost_usd !== undefined);
  return {
    input_tokens: sum(({ input_tokens }) => input_tokens),
    output_tokens: sum(({ output_tokens }) => output_tokens),
    reasoning_tokens: sum(({ reasoning_tokens }) => reasoning_tokens),
    cache_read_tokens: sum(({ cache_read_tokens }) => cache_read_tokens),
    cache_write_tokens: sum(({ cache_write_tokens }) => cache_write_tokens),
    ...(isPriced && { cost_usd: sum(({ cost_usd }) => cost_usd ?? 0) }),
  };
}
