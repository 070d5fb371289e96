import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { Fence } from '../../../src/activities/fence.js';
import { runTurn } from '../../../src/activities/run-turn.js';
import type { ActivityContext } from '../../../src/activities/index.js';
import type { RunTurnInput, TurnHeartbeat } from '../../../src/activities/types.js';
import { AgentError, type Agent } from '../../../src/agents/agent.js';
import { failure } from '../../../src/contract/failures.js';

/** An agent that cannot be asked: its server does not start. */
const unreachable = {
  name: 'a',
  async *turn() {
    await Promise.resolve();
    throw new AgentError(failure('AGENT_CRASHED', 'It did not start.'), true);
  },
} as Partial<Agent> as Agent;
const input = { topic: 't', turn: 1, prompt_id: 'p', prompt: 'x', session_id: 'ses_1', pinned: { agent: 'a', host: 'h', cwd: '/', project: 'p', store: 's' } } as RunTurnInput;
const logger = new DefaultLogger('ERROR', () => undefined);
const limits = { turnTimeoutMs: 60_000, stallTimeoutMs: 60_000 };
const context = { agents: new Map([['a', unreachable]]), config: { limits }, host: 'h', fence: new Fence(), log: () => undefined } as unknown as ActivityContext;

test('an attempt that breaks off tells the next one why, and the last one tells whoever asked', async () => {
  let details: TurnHeartbeat | undefined;
  const first = new MockActivityEnvironment({ attempt: 13 }, { logger });
  first.on('heartbeat', (sent: TurnHeartbeat) => (details = sent));
  await expect(first.run(() => runTurn(input, context))).rejects.toMatchObject({ type: 'AGENT_CRASHED', nonRetryable: false });
  expect(details).toMatchObject({ trouble: 'It did not start.', barren_attempts: 1 });
  const last = new MockActivityEnvironment({ attempt: 14, heartbeatDetails: { ...details, barren_attempts: 13 } }, { logger });
  const outcome = await last.run(() => runTurn(input, context));
  expect(outcome).toMatchObject({ status: 'failed', error: { code: 'OUTCOME_UNKNOWN', message: expect.stringMatching(/^13 attempts .* ses_1\. It did not start\.$/) } });
});

test.each([
  [0, 1000],
  [3, 8000],
  [12, 30_000],
])('after %i attempts in vain the next one but this waits %i ms, however many crashes there were before', async (barren_attempts, nextRetryDelay) => {
  const attempt = new MockActivityEnvironment({ attempt: 100, heartbeatDetails: { barren_attempts, worked_ms: 0 } }, { logger });
  await expect(attempt.run(() => runTurn(input, context))).rejects.toMatchObject({ nextRetryDelay });
});
