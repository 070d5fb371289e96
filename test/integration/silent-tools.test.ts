/** A tool that prints nothing is no stall before its limit, across everything that can happen to a worker. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ worker: false });
});
afterAll(() => world?.dispose());

async function work(limits: Partial<World['config']['limits']>): Promise<void> {
  await world.stopWorker();
  await world.startWorker({ config: { limits: { ...world.config.limits, ...limits } } });
}

test('a silent tool runs for much longer than the stall limit, also when another worker takes its turn up', async () => {
  await work({ stallTimeoutMs: 3000 });
  const turn = world.manager.delegate('silent', 'Test [[tool: 14]] [[say: All pass.]]');
  await expect.poll(async () => (await world.manager.progress('silent').catch(() => undefined))?.step).toBe('reading');
  await work({ stallTimeoutMs: 3000 });
  const result = await turn;
  expect(result).toMatchObject({ status: 'completed', reply: 'All pass.' });
  expect(result.duration_ms).toBeGreaterThan(12_000);
});

test('a tool beyond limits.toolTimeout, or beyond the limit that its agent has put on it, ends its turn and is named', async () => {
  await work({ stallTimeoutMs: 3000, toolTimeoutMs: 1000 });
  const stalled = { status: 'failed', error: { code: 'TURN_STALLED' } };
  const longer = await world.manager.delegate('longer', 'Test [[tool: 60]]');
  expect(longer).toMatchObject(stalled);
  expect(longer.error?.message).toContain('longer than its limit of 1 s (limits.toolTimeout): bash: sleep 60');
  await work({ stallTimeoutMs: 3000 });
  const own = await world.manager.delegate('own', 'Test [[tool: 60 2000]]');
  expect(own).toMatchObject(stalled);
  expect(own.error?.message).toContain('longer than its limit of 2 s (which its agent has put on it): bash: sleep 60');
});
