/** An agent that returns at once. The rest of the time is the cost of durability. */
import type { Agent, TurnEvent } from '../src/agents/agent.js';
import type { SessionId } from '../src/contract/ids.js';

export const noOpAgent: Agent = {
  name: 'no-op',
  capabilities: {
    choosesSessionId: true,
    promptIds: true,
    repeatablePut: true,
    reattach: true,
    cancel: true,
    usage: 'none',
  },
  open: ({ seed }) =>
    Promise.resolve({ session_id: `ses_${Buffer.from(seed).toString('hex').slice(-32)}` as SessionId, store: 'none' }),
  // eslint-disable-next-line @typescript-eslint/require-await -- the interface is asynchronous
  async *turn({ prompt }): AsyncGenerator<TurnEvent> {
    yield { type: 'outcome', outcome: { status: 'completed', reply: prompt } };
  },
  cancel: () => Promise.resolve(),
  transcript: () => Promise.resolve([]),
  said: () => Promise.resolve({ reply: '' }),
  interface: () => Promise.reject(new Error('It has none.')),
  describe: () => Promise.resolve({}),
  close: () => Promise.resolve(),
};
