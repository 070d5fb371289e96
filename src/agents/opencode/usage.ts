/**
 * Sums the tokens and cost of a turn. Each message counts one step only. The sessions of sub-agents
 * are not included.
 */
import type { AssistantMessage } from '@opencode-ai/sdk/v2/client';
import type { Usage } from '../../contract/types.js';

export function usageOf(steps: readonly Pick<AssistantMessage, 'tokens' | 'cost'>[]): Usage {
  const sum = (count: (step: Pick<AssistantMessage, 'tokens' | 'cost'>) => number) =>
    steps.reduce((total, step) => total + count(step), 0);
  return {
    input_tokens: sum(({ tokens }) => tokens.input),
    output_tokens: sum(({ tokens }) => tokens.output),
    reasoning_tokens: sum(({ tokens }) => tokens.reasoning),
    cache_read_tokens: sum(({ tokens }) => tokens.cache.read),
    cache_write_tokens: sum(({ tokens }) => tokens.cache.write),
    cost_usd: sum(({ cost }) => cost),
  };
}
