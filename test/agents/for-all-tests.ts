/** An agent for all tests of a block. */
import { afterAll, beforeAll } from 'vitest';
import type { Agent } from '../../src/agents/agent.js';
import type { AgentUnderTest } from './conformance.js';

/** Makes the agent before the first test, hands it to `use`, and ends it after the last one. */
export function forAllTests<T extends AgentUnderTest>(
  make: () => Promise<T>,
  use: (under: T, agent: Agent) => void,
): void {
  let under: T | undefined;
  let agent: Agent | undefined;
  beforeAll(async () => {
    under = await make();
    agent = under.create();
    use(under, agent);
  });
  afterAll(async () => {
    await agent?.close({ stop: true });
    await under?.dispose();
  });
}
