import { expect, test } from 'vitest';
import { noOpAgent } from '../../../bench/no-op-agent.js';
import type { Agent } from '../../../src/agents/agent.js';
import { warmDefaultAgent } from '../../../workers/warm-agent.js';

const agentThat = (warm: () => Promise<void>): Agent => ({ ...noOpAgent, name: 'one', warm });

test('the default agent is started ahead of its first turn unless config says no', async () => {
  let started = 0;
  const agent = agentThat(() => Promise.resolve(void (started += 1)));
  await warmDefaultAgent({ warmAgent: false }, agent, () => undefined);
  await warmDefaultAgent({ warmAgent: true }, undefined, () => undefined);
  expect(started).toBe(0);
  await warmDefaultAgent({ warmAgent: true }, agent, () => undefined);
  expect(started).toBe(1);
});

test('an agent that does not start is named in the log, and the worker goes on', async () => {
  const logs: unknown[] = [];
  await warmDefaultAgent(
    { warmAgent: true },
    agentThat(() => Promise.reject(new Error('No such program.'))),
    (...line) => logs.push(line),
  );
  expect(logs).toEqual([
    ['agent could not be started ahead of its first turn', { agent: 'one', error: 'No such program.' }],
  ]);
});
