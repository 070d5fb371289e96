/**
 * Sums the tokens and cost of a turn, or of a sub-agent. Each message counts one step only.
 */
import type { AssistantMessage } from '@opencode-ai/sdk/v2/client';
import type { Usage } from '../../contract/types.js';
import { sumOf, tokensOf } from '../../contract/usage.js';
import type { LastRequest } from '../last-request.js';

type Step = Pick<AssistantMessage, 'tokens' | 'cost'>;

export const usageOf = (steps: readonly Step[]): Usage => sumOf(steps.map(usageOfStep));

/**
 * What the session holds after its last step. A summary has taken the place of what it was made
 * from. `undefined`: the model has answered nothing.
 */
export function contextIn(answers: readonly AssistantMessage[]): LastRequest | undefined {
  const last = answers.findLast(({ tokens }) => sizeOf(tokens) > 0);
  if (!last) return undefined;
  const { tokens, time } = last;
  return { tokens: last.summary ? tokens.output : sizeOf(tokens), at: new Date(time.created).toISOString() };
}

const sizeOf = ({ input, output, cache }: Step['tokens']) => input + output + cache.read + cache.write;

/** OpenCode tells a cost of 0 for a model that it has no price of (1.18.33). */
function usageOfStep({ tokens, cost }: Step): Usage {
  const used: Usage = {
    input_tokens: tokens.input,
    output_tokens: tokens.output,
    reasoning_tokens: tokens.reasoning,
    cache_read_tokens: tokens.cache.read,
    cache_write_tokens: tokens.cache.write,
  };
  return cost > 0 || tokensOf(used) === 0 ? { ...used, cost_usd: cost } : used;
}
