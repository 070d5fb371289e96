/**
 * A thousand calls at once, and workers that are slow, away or never there: what callers were told
 * is true.
 */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SessionError } from '../../src/client/session-error.js';
import type { SessionManager } from '../../src/client/session-manager.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ worker: false });
});
afterAll(() => world?.dispose());

const aTopic = () => `topic ${randomUUID()}`;

/** What became of many submits: their ids, by what they were told. */
async function submitted(manager: SessionManager, topic: string, many: number): Promise<Record<string, string[]>> {
  const ids = Array.from({ length: many }, (_, i) => `p-${i}`);
  const told = await Promise.all(
    ids.map((prompt_id) => manager.submit(topic, prompt_id, { prompt_id }).then(() => 'accepted', codeOf)),
  );
  return {
    accepted: [],
    QUEUE_FULL: [],
    ...Object.fromEntries([...new Set(told)].map((each) => [each, ids.filter((_, i) => told[i] === each)])),
  };
}

function codeOf(error: unknown): string {
  return error instanceof SessionError ? error.code : String(error);
}

async function statesOf(topic: string, ids: string[]): Promise<Set<string>> {
  const states = new Set<string>();
  for (const id of ids) states.add((await world.manager.outcome(topic, id)).state);
  return states;
}

describe('before any worker', () => {
  test(
    '1,000 submits: those that are accepted are answered, and the others are refused at once',
    { timeout: 240_000 },
    async () => {
      const topic = aTopic();
      const { accepted = [], QUEUE_FULL: refused = [], ...others } = await submitted(world.manager, topic, 1000);
      expect(others).toEqual({});
      expect(accepted.length).toBeGreaterThanOrEqual(200);
      expect(accepted.length).toBeLessThan(210);
      expect(refused).toHaveLength(1000 - accepted.length);
      await world.startWorker();
      await expect.poll(async () => (await world.manager.view(topic)).queue.length, { timeout: 60_000 }).toBe(0);
      expect([...(await statesOf(topic, accepted))].sort()).not.toContain('unknown');
      await world.stopWorker();
    },
  );
});

describe('while a worker works', () => {
  beforeAll(() => world.startWorker());
  afterAll(() => world.stopWorker());

  test(
    '300 submits at once: the topic knows each that was accepted, and each other one was refused',
    { timeout: 240_000 },
    async () => {
      const topic = aTopic();
      const gate = join(world.dir, randomUUID());
      await world.manager.submit(topic, `[[until: ${gate}]]`);
      const { accepted = [], QUEUE_FULL: refused = [], ...others } = await submitted(world.manager, topic, 300);
      expect(others).toEqual({});
      expect([accepted.length, refused.length]).toEqual([200, 100]);
      expect(await statesOf(topic, accepted)).toEqual(new Set(['queued']));
      await writeFile(gate, '');
    },
  );

  test('260 delegates at once: each is answered, or refused as QUEUE_FULL', { timeout: 240_000 }, async () => {
    const topic = aTopic();
    const gate = join(world.dir, randomUUID());
    await world.manager.submit(topic, `[[until: ${gate}]]`);
    const told = Promise.all(
      Array.from({ length: 260 }, (_, i) =>
        world.manager.delegate(topic, `${i}`).then((result) => result.status, codeOf),
      ),
    );
    await expect.poll(async () => (await world.manager.view(topic)).queue.length).toBe(200);
    await writeFile(gate, '');
    const counted = Object.fromEntries([...new Set(await told)].map((each) => [each, 0]));
    for (const each of await told) counted[each] = (counted[each] ?? 0) + 1;
    expect(Object.keys(counted).sort()).toEqual(['QUEUE_FULL', 'completed']);
    expect(counted.completed).toBeGreaterThanOrEqual(200);
  });

  test('a signal that was refused is reported with its code, also when many more were refused after it', async () => {
    const topic = aTopic();
    await world.manager.delegate(topic, 'one', { prompt_id: 'used' });
    const handle = world.client.workflow.getHandle(`topic/${topic}`);
    await handle.signal('prompt', { prompt: 'x', prompt_id: 'early', session_id: 'ses_none' });
    for (let i = 0; i < 40; i += 1) await handle.signal('prompt', { prompt: ' ' });
    await expect(world.manager.wait(topic, 'early')).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' });
  });
});

describe('a worker that is away', () => {
  beforeEach(() => world.startWorker());
  afterEach(() => world.stopWorker());

  test(
    'delegate says so as progress, goes on waiting, and is answered when it is back',
    { timeout: 60_000 },
    async () => {
      const topic = aTopic();
      const first = await world.manager.delegate(topic, 'one');
      await world.stopWorker();
      const steps: string[] = [];
      const again = world.manager.delegate(topic, 'two', { onProgress: ({ step }) => void steps.push(step ?? '') });
      again.catch(() => undefined); // It is awaited below.
      await expect.poll(() => steps).toContain('no worker answers yet');
      await world.startWorker();
      expect(await again).toMatchObject({ status: 'completed', session_id: first.session_id, turn: 2 });
    },
  );

  test('a prompt id of another request is refused, though it went by signal', { timeout: 60_000 }, async () => {
    const topic = aTopic();
    await world.manager.delegate(topic, 'one', { prompt_id: 'used' });
    await world.stopWorker();
    let unanswered = false;
    const reused = world.manager.delegate(topic, 'another', {
      prompt_id: 'used',
      onProgress: () => (unanswered = true),
    });
    reused.catch(() => undefined); // It is awaited below.
    await expect.poll(() => unanswered).toBe(true);
    await expect
      .poll(async () =>
        (await world.client.workflow.getHandle(`topic/${topic}`).fetchHistory()).events?.some(
          (event) => event.workflowExecutionSignaledEventAttributes,
        ),
      )
      .toBe(true);
    await world.startWorker();
    await expect(reused).rejects.toMatchObject({ code: 'PROMPT_ID_REUSED' });
  });
});

test('after disconnect, a prompt that was not sent is not reported as accepted', async () => {
  const manager = await world.connect();
  const topic = aTopic();
  const told = Array.from({ length: 30 }, (_, i) =>
    manager.delegate(topic, `${i}`).then(
      () => undefined,
      (error: unknown) => error as SessionError,
    ),
  );
  await manager.disconnect();
  const codes = (await Promise.all(told)).map((error) => [error?.code, /is accepted/.test(error?.message ?? '')]);
  expect(codes.filter(([, accepted]) => accepted)).toEqual([]);
  expect(codes.map(([code]) => code)).toContain('TEMPORAL_UNAVAILABLE');
});
