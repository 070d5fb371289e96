/** Answers at once, and says that a turn has used what its prompt says. */
import { noOpAgent } from '../../bench/no-op-agent.js';
import type { Agent, TurnEvent } from '../../src/agents/agent.js';
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
  async *turn({ prompt }): AsyncGenerator<TurnEvent> {
    const [, said] = /spend (\{.*\})/.exec(prompt) ?? [];
    const usage = said === undefined ? {} : { usage: JSON.parse(said) as Usage };
    yield { type: 'outcome', outcome: { status: 'completed', reply: 'done', ...usage } };
  },
});
