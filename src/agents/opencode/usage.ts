/**
 * Sums the tokens and cost of a turn, or of a sub-agent. Each message counts one step only.
 */
import type { AssistantMessage, Part } from '@opencode-ai/sdk/v2/client';
import type { Usage } from '../../contract/types.js';
import { sumOf, tokensOf } from '../../contract/usage.js';
import type { LastRequest } from '../last-request.js';

type Step = Pick<AssistantMessage, 'tokens' | 'cost'>;
type StoredStep = { info: Step; parts: readonly Pick<Part, 'type'>[] };

export const usageOf = (steps: readonly StoredStep[]): Usage =>
  sumOf(steps.map((step) => ({ ...usageOfStep(step.info), ...(wasCutOff(step) && { uncounted_steps: 1 }) })));

/**
 * OpenCode stores what a step has used once its tools have ended (1.18.33). So a step with output and
 * without usage was cut off before.
 */
function wasCutOff({ info, parts }: StoredStep): boolean {
  return tokensOf(usageOfStep(info)) === 0 && parts.some(({ type }) => SAID.has(type));
}

const SAID: ReadonlySet<string> = new Set<Part['type']>(['tool', 'text', 'reasoning']);

/** Whether the model has answered, and the tools of its answer have ended. */
export const hasEnded = ({ finish, tokens, cost }: Step & Pick<AssistantMessage, 'finish'>): boolean =>
  finish !== undefined || tokensOf(usageOfStep({ tokens, cost })) > 0;

/**
 * The size of the session after its last step. A summary replaces the messages before it. `undefined`: the
 * model has answered nothing.
 */
export function contextIn(answers: readonly AssistantMessage[]): LastRequest | undefined {
  const last = answers.findLast(({ tokens }) => sizeOf(tokens) > 0);
  if (!last) return undefined;
  const { tokens, time } = last;
  return { tokens: last.summary ? tokens.output : sizeOf(tokens), at: new Date(time.created).toISOString() };
}

const sizeOf = ({ input, output, cache }: Step['tokens']) => input + output + cache.read + cache.write;

/** OpenCode tells a cost of 0 for a model that it has no price of (1.18.33). */
export function usageOfStep({ tokens, cost }: Step): Usage {
  const used: Usage = {
    input_tokens: tokens.input,
    output_tokens: tokens.output,
    reasoning_tokens: tokens.reasoning,
    cache_read_tokens: tokens.cache.read,
    cache_write_tokens: tokens.cache.write,
  };
  return cost > 0 || tokensOf(used) === 0 ? { ...used, cost_usd: cost } : used;
}
