/**
 * Bad weather around a real OpenCode, on a real Temporal server: each ends with a code and a fix,
 * and the topic works afterwards.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import { createOpenCode } from '../support/opencode-agent.js';
import type { Limits } from '../../src/config.js';
import { MAX_REPLY_BYTES } from '../../src/contract/limits.js';
import type { TurnResult } from '../../src/contract/types.js';
import { openCodeUnderTest, type OpenCodeUnderTest } from '../agents/opencode-under-test.js';
import { cuttable } from '../support/cuttable.js';
import { childrenOf } from '../support/processes.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let under: OpenCodeUnderTest;
let agent: Agent;
beforeAll(async () => {
  [world, under] = await Promise.all([startWorld({ worker: false }), openCodeUnderTest()]);
  agent = under.create();
  await work();
  await delegate(aTopic(), 'Warm up');
});
afterAll(async () => {
  await world?.dispose();
  await agent?.close({ stop: true });
  await under?.dispose();
});

const aTopic = () => `topic ${randomUUID()}`;
const delegate = (topic: string, prompt: string) => world.manager.delegate(topic, prompt, { cwd: under.cwd });

/** A worker with OpenCode; one that works already is replaced. */
async function work(
  limits: Partial<Limits> = {},
  opencode = agent,
  more: { connection?: NativeConnection } = {},
): Promise<void> {
  await world.stopWorker();
  const config = {
    defaultAgent: 'opencode',
    agents: { opencode: { kind: 'opencode' as const, model: under.model } },
    // A usage limit is the outcome, unless a test waits for its end.
    limits: { ...world.config.limits, quotaWaitMs: 1000, ...limits },
  };
  await world.startWorker({ config, agents: new Map([['opencode', opencode]]), ...more });
}

async function goesOn({ topic, session_id }: TurnResult): Promise<void> {
  expect(await delegate(topic, 'Go on [[say: Here.]]')).toMatchObject({
    status: 'completed',
    reply: 'Here.',
    session_id,
    session: { kind: 'resumed' },
  });
}

describe('the model', () => {
  test.each([
    ['refuses the key', 'x [[status: 401]]', 'AGENT_AUTH'],
    ['fails for good', 'x [[status: 500]] [[retry-after: 0.05]]', 'MODEL_FAILED'],
    ['fails with a novel of a message', 'x [[status: 400]] [[error: 3000000]]', 'MODEL_FAILED'],
    ['refuses for now, five times in a row', 'x [[status: 429]] [[retry-after: 0.05]]', 'AGENT_RATE_LIMITED'],
    ['answers nothing', 'x [[empty]]', 'EMPTY_REPLY'],
  ])('that %s: the turn ends, and the topic works afterwards', async (_what, prompt, code) => {
    const result = await delegate(aTopic(), prompt);
    expect(result).toMatchObject({ status: 'failed', error: { code } });
    expect(result.error?.fix).not.toBe('');
    expect(result.error?.message.length).toBeLessThan(3000);
    await goesOn(result);
  });

  test('that answers ten megabytes: the reply is cut, and nothing breaks', async () => {
    const result = await delegate(aTopic(), 'Write a lot [[big: 10000000]]');
    expect(result).toMatchObject({ status: 'completed', reply_truncated: true, attempts: 1 });
    expect(Buffer.byteLength(result.reply)).toBe(MAX_REPLY_BYTES);
    await goesOn(result);
  });

  describe('with small limits', () => {
    beforeAll(() => work({ stallTimeoutMs: 4000 }));
    afterAll(() => work());

    test('that hangs: the turn is stopped as TURN_STALLED', async () => {
      const result = await delegate(aTopic(), 'Hang [[hang]]');
      expect(result).toMatchObject({ status: 'failed', error: { code: 'TURN_STALLED' } });
      await goesOn(result);
    });

    test('that streams for longer than the stall limit: nobody stops it', async () => {
      const words = Array.from({ length: 40 }, (_, i) => `word${i}`).join(' ');
      const result = await delegate(aTopic(), `Stream [[stream: 9000]] [[say: ${words}]]`);
      expect(result).toMatchObject({ status: 'completed', reply: words });
      expect(result.duration_ms).toBeGreaterThan(8500);
    });
  });

  test('that asks to wait for an hour: the agent is cut off, and the topic waits and says until when', async () => {
    await work({ quotaWaitMs: world.config.limits.quotaWaitMs });
    try {
      const topic = aTopic();
      const turn = delegate(topic, 'Busy [[status: 429]] [[retry-after: 3600]]');
      const waiting = async () => (await world.manager.view(topic).catch(() => undefined))?.running?.waiting;
      await expect.poll(waiting).toMatchObject({ for: 'quota', because: { code: 'AGENT_RATE_LIMITED' } });
      const left = Date.parse((await waiting())?.until ?? '') - Date.now();
      expect(left).toBeGreaterThan(55 * 60_000);
      expect(left).toBeLessThan(65 * 60_000);
      await world.manager.cancel(topic);
      const result = await turn;
      expect(result.status).toBe('cancelled');
      await goesOn(result);
    } finally {
      await work();
    }
  });

  test('that asks to wait for longer than limits.quotaWait: the turn ends as AGENT_RATE_LIMITED', async () => {
    const result = await delegate(aTopic(), 'Busy [[status: 429]] [[retry-after: 3600]]');
    expect(result).toMatchObject({ status: 'failed', error: { code: 'AGENT_RATE_LIMITED' } });
    await goesOn(result);
  });
});

describe('Temporal', () => {
  test('that does not answer for a while in mid-turn: the turn goes on, and its outcome is delivered afterwards', async () => {
    const [server = 0] = childrenOf(process.pid, world.address.split(':').at(-1) ?? '');
    const topic = aTopic();
    const prompt = 'Through it all [[bash: sleep 4; echo done >> through]] [[say: Through.]]';
    const turn = delegate(topic, prompt);
    await expect
      .poll(async () => (await world.manager.progress(topic).catch(() => undefined))?.step)
      .toMatch(/^bash: sleep 4/);
    process.kill(server, 'SIGSTOP');
    try {
      await expect.poll(() => readFile(join(under.cwd, 'through'), 'utf8').catch(() => '')).toBe('done\n');
      await sleep(12_000); // Longer than the 8 s after which a heartbeat is missed.
    } finally {
      process.kill(server, 'SIGCONT');
    }
    const result = await turn;
    expect(result).toMatchObject({ status: 'completed', reply: 'Through.', turn: 1 });
    expect(await readFile(join(under.cwd, 'through'), 'utf8')).toBe('done\n');
    expect(await under.promptsIn({ session_id: result.session_id } as SessionRef)).toEqual([prompt]);
    await goesOn(result);
  }, 120_000);

  test('that is cut off from the worker in mid-turn: the turn goes on, its next attempt harvests it, and the tool ran once', async () => {
    const network = await cuttable(world.address);
    const connection = await NativeConnection.connect({ address: network.address });
    try {
      await work({}, agent, { connection });
      const topic = aTopic();
      const prompt = 'All alone [[bash: sleep 4; echo done >> alone]] [[say: Alone.]]';
      const turn = delegate(topic, prompt);
      await expect
        .poll(async () => (await world.manager.progress(topic).catch(() => undefined))?.step)
        .toMatch(/^bash: sleep 4/);
      network.cut();
      await expect.poll(() => readFile(join(under.cwd, 'alone'), 'utf8').catch(() => '')).toBe('done\n');
      // The server has given the worker up.
      await expect
        .poll(async () => (await world.manager.progress(topic))?.last_failure, { timeout: 60_000 })
        .toMatch(/Heartbeat/);
      network.mend();
      const result = await turn;
      expect(result).toMatchObject({
        status: 'completed',
        reply: 'Alone.',
        turn: 1,
        attempts: 2,
        recovered: 'harvested',
      });
      expect(await readFile(join(under.cwd, 'alone'), 'utf8')).toBe('done\n');
      expect(await under.promptsIn({ session_id: result.session_id } as SessionRef)).toEqual([prompt]);
      await goesOn(result);
    } finally {
      network.mend();
      await work();
      await connection.close();
      await network.close();
    }
  }, 120_000);
});

describe('OpenCode', () => {
  test('that is not installed: the turn ends as AGENT_NOT_FOUND, also in a topic that has a session', async () => {
    const known = aTopic();
    const before = await delegate(known, 'While it was there');
    const config = { kind: 'opencode' as const, path: '/not/there/opencode' };
    const missing = createOpenCode({
      name: 'opencode',
      config,
      dataDir: `${under.dir}/uninstalled`,
      env: { ...process.env, ...under.env },
      log: () => undefined,
    });
    await work({}, missing);
    expect(await delegate(aTopic(), 'Hello')).toMatchObject({
      status: 'failed',
      session_id: null,
      error: { code: 'AGENT_NOT_FOUND' },
    });
    const failed = await delegate(known, 'Still there?');
    expect(failed).toMatchObject({
      status: 'failed',
      session_id: before.session_id,
      error: { code: 'AGENT_NOT_FOUND', message: expect.stringContaining('/not/there/opencode') },
    });
    await work();
    await goesOn(failed);
  });
});
