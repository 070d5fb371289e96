/** When a turn is stopped because its agent is silent, and what is said of it. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { runTurn } from '../../../src/activities/run-turn.js';
import type { RunTurnInput, RunTurnOutput } from '../../../src/activities/types.js';
import type { Agent, TurnEvent } from '../../../src/agents/agent.js';
import { failure } from '../../../src/contract/failures.js';
import { activityContext, configWith } from '../../support/activity-context.js';

const logger = new DefaultLogger('ERROR', () => undefined);
const input = {
  ...{ topic: 't', turn: 1, prompt_id: 'p', prompt: 'x', session_id: 'ses_1' },
  pinned: { agent: 'a', host: 'h', cwd: '/', project: 'p', store: 's' },
} as RunTurnInput;

/** Shows an event each 100 ms until it is stopped or ends. */
async function turnOf(events: () => TurnEvent, endsAfterMs: number, toolTimeoutMs = 60_000) {
  let stopped = false;
  const started = performance.now();
  const agent = {
    name: 'a',
    capabilities: { promptIds: true } as Agent['capabilities'],
    async *turn() {
      while (!stopped && performance.now() - started < endsAfterMs) {
        yield events();
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const status = stopped ? ('cancelled' as const) : ('completed' as const);
      yield { type: 'outcome', outcome: { status, reply: 'x' } };
    },
    cancel: () => Promise.resolve(void (stopped = true)),
  } as Partial<Agent> as Agent;
  const config = configWith({ limits: { turnTimeoutMs: 60_000, stallTimeoutMs: 1000, toolTimeoutMs } });
  const context = activityContext({ agents: new Map([['a', agent]]), config });
  const environment = new MockActivityEnvironment({}, { logger });
  return environment.run<[], RunTurnOutput, () => Promise<RunTurnOutput>>(() => runTurn(input, context));
}

const running: TurnEvent = { type: 'running', tools: [{ id: '1', step: 'bash: npm test' }] };

test('a silent tool is no stall, however much longer than the stall limit it runs', async () => {
  expect(await turnOf(() => running, 3500)).toMatchObject({ status: 'completed' });
});

test('a tool that runs beyond its limit is one, and is named', async () => {
  const ended = await turnOf(() => running, 10_000, 1000);
  expect(ended).toMatchObject({ status: 'failed', error: { code: 'TURN_STALLED' } });
  expect(ended.error?.message).toMatch(
    /showed no progress for \d s \(since 20\S+Z\) while a tool ran for \d s, longer than its limit of 1 s \(limits\.toolTimeout\): bash: npm test/,
  );
  expect(ended.error?.fix).toContain('limits.toolTimeout');
});

test('an agent that runs no tool and does nothing is one, and what it did last is said', async () => {
  let isFirst = true;
  const thinks = () => {
    const event: TurnEvent = isFirst
      ? { type: 'progress', progress: { step: 'thinks' } }
      : { type: 'running', tools: [] };
    isFirst = false;
    return event;
  };
  const ended = await turnOf(thinks, 10_000);
  expect(ended).toMatchObject({ error: { code: 'TURN_STALLED' } });
  expect(ended.error?.message).toMatch(/The last that it was seen to do: thinks$/);
});

test('a provider that is asked again and again is progress', async () => {
  const refused = failure('AGENT_RATE_LIMITED', 'The provider is overloaded.');
  expect(await turnOf(() => ({ type: 'progress', progress: { refused } }), 3000)).toMatchObject({
    status: 'completed',
  });
});
