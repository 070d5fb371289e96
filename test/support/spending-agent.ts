/**
 * Answers at once, and says that a turn has used what its prompt says. A turn of `breaks` reports
 * that, breaks off once, and reports it again. One of `parks` meets a usage limit first, and its end
 * says nothing of what it used.
 */
import { noOpAgent } from '../../bench/no-op-agent.js';
import { AgentError, type Agent, type TurnEvent } from '../../src/agents/agent.js';
import { failure } from '../../src/contract/failures.js';
import type { Usage } from '../../src/contract/types.js';

export const NOTHING: Usage = {
  input_tokens: 0,
  output_tokens: 0,
  reasoning_tokens: 0,
  cache_read_tokens: 0,
  cache_write_tokens: 0,
};

/** The prompt of a turn that uses so much. Another prompt's turn says nothing of what it used. */
export const spend = (used: Partial<Usage>) => `spend ${JSON.stringify({ ...NOTHING, ...used })}`;

export const spendingAgent = (name: string): Agent => ({
  ...noOpAgent,
  name,
  // eslint-disable-next-line @typescript-eslint/require-await -- the interface is asynchronous
  async *turn({ prompt, prompt_id }): AsyncGenerator<TurnEvent> {
    const [, said] = /spend (\{.*\})/.exec(prompt) ?? [];
    const usage = said === undefined ? {} : { usage: JSON.parse(said) as Usage };
    const isFirst = !seen.has(prompt_id);
    seen.add(prompt_id);
    if (isFirst && prompt.includes('breaks')) {
      yield { type: 'progress', progress: { step: 'works', ...usage } };
      throw new AgentError(failure('AGENT_CRASHED', 'It broke off.'), true);
    }
    const error = failure('AGENT_RATE_LIMITED', 'The limit of the provider was reached.');
    if (isFirst && prompt.includes('parks'))
      yield { type: 'outcome', outcome: { status: 'failed', reply: '', error, ...usage } };
    else if (prompt.includes('parks')) yield { type: 'outcome', outcome: { status: 'completed', reply: 'done' } };
    else yield { type: 'outcome', outcome: { status: 'completed', reply: 'done', ...usage } };
  },
});

const seen = new Set<string>();
