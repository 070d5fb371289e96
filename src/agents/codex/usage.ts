/**
 * Counts the tokens of a turn. Codex counts within each of its own turns, so the last counts of
 * these are summed. Codex reports no cost.
 */
import type { Usage } from '../../contract/types.js';
import type { LastRequest } from '../last-request.js';
import type { CodexTurn, Tokens } from './rollout.js';

export function usageOf(turns: readonly CodexTurn[]): Usage | undefined {
  const counts = turns.flatMap(({ entries }) => entries.findLast((entry) => entry.type === 'counted')?.turn ?? []);
  if (counts.length === 0) return undefined;
  const sum = (of: keyof Tokens) => counts.reduce((total, tokens) => total + tokens[of], 0);
  return usageFrom({
    input_tokens: sum('input_tokens'),
    cached_input_tokens: sum('cached_input_tokens'),
    cache_write_input_tokens: sum('cache_write_input_tokens'),
    output_tokens: sum('output_tokens'),
    reasoning_output_tokens: sum('reasoning_output_tokens'),
    total_tokens: sum('total_tokens'),
  });
}

/** What the thread holds after its last step. Codex counts cached tokens in its input. */
export function contextIn(turns: readonly CodexTurn[]): LastRequest | undefined {
  const steps = turns.flatMap(({ entries }) => entries.flatMap((entry) => (entry.type === 'counted' ? [entry] : [])));
  const last = steps.at(-1);
  if (!last || Number.isNaN(Date.parse(last.at))) return undefined;
  const tokens = last.last.input_tokens + last.last.output_tokens;
  return tokens > 0 ? { tokens, at: last.at } : undefined;
}

/**
 * Codex includes cached tokens in its input and reasoning in its output. We count each token once,
 * as for the other agents.
 */
export function usageFrom(tokens: Tokens): Usage {
  return {
    input_tokens: Math.max(tokens.input_tokens - tokens.cached_input_tokens - tokens.cache_write_input_tokens, 0),
    output_tokens: Math.max(tokens.output_tokens - tokens.reasoning_output_tokens, 0),
    reasoning_tokens: tokens.reasoning_output_tokens,
    cache_read_tokens: tokens.cached_input_tokens,
    cache_write_tokens: tokens.cache_write_input_tokens,
  };
}
