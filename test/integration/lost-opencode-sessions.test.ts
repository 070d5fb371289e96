/**
 * Promise 5 with the real OpenCode: sessions that are deleted, wiped out, or refused by the
 * provider for what they hold.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SessionRef } from '../../src/agents/agent.js';
import type { SessionManager } from '../../src/client/session-manager.js';
import type { TurnResult } from '../../src/contract/types.js';
import { openCodeUnderTest, type OpenCodeUnderTest } from '../agents/opencode-under-test.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let under: OpenCodeUnderTest;
let agent: ReturnType<OpenCodeUnderTest['create']>;
let manager: SessionManager;
beforeAll(async () => {
  [world, under] = await Promise.all([startWorld({ worker: false }), openCodeUnderTest()]);
  agent = under.create();
  const config = { agents: { opencode: { kind: 'opencode' as const, model: under.model } }, defaultAgent: 'opencode' };
  await world.startWorker({ config, agents: new Map([['opencode', agent]]) });
  manager = await world.connect({ cwd: under.cwd });
});
afterAll(async () => {
  await world?.dispose();
  await agent?.close({ stop: true });
  await under?.dispose();
});

const aTopic = () => `topic ${randomUUID()}`;
const refOf = async ({ topic, session_id }: TurnResult): Promise<SessionRef> => {
  const session = (await manager.view(topic)).sessions.find((one) => one.session_id === session_id);
  if (!session) throw new Error(`Topic ${topic} has no session ${session_id}.`);
  return { session_id: session.session_id, ...session.pinned };
};

/**
 * That the new session was sent the brief and the prompt as one message, and the model saw just
 * that.
 */
async function expectBriefed(result: TurnResult, prompt: string, ...known: string[]): Promise<void> {
  const inSession = await under.promptsIn(await refOf(result));
  expect(inSession).toHaveLength(1);
  expect(under.asked().at(-1)?.asks).toEqual(inSession);
  for (const text of known) expect(inSession[0]).toContain(text);
  expect(inSession[0]?.endsWith(`The prompt:\n\n${prompt}`)).toBe(true);
}

test('promise 5: a topic whose session was deleted in OpenCode goes on in a new one, and the model is sent the brief', async () => {
  const topic = aTopic();
  const first = await manager.delegate(topic, 'Add login endpoint');
  await under.lose(await refOf(first));
  const asked = under.asked().length;
  const named = await manager.delegate(undefined, 'Not elsewhere', { session_id: first.session_id });
  expect(named).toMatchObject({ status: 'failed', session_id: first.session_id, error: { code: 'SESSION_LOST' } });
  expect(under.asked()).toHaveLength(asked);
  const second = await manager.delegate(topic, 'Fix: add rate limiting');
  expect(second).toMatchObject({
    status: 'completed',
    session: { kind: 'replaced', reason: 'lost', replaces: first.session_id },
  });
  await expectBriefed(
    second,
    'Fix: add rate limiting',
    '- turn 1 (completed): Add login endpoint → You asked first: "Add login endpoint".',
    '- turn 2 (failed, SESSION_LOST): Not elsewhere',
  );
  expect((await manager.delegate(topic, 'And a test')).session_id).toBe(second.session_id);
});

test('promise 5: a topic whose store was wiped out goes on in a new session', async () => {
  const topic = aTopic();
  const first = await manager.delegate(topic, 'Before');
  const { store } = await refOf(first);
  await under.kill();
  for (const file of [store, `${store}-wal`, `${store}-shm`]) await rm(file, { force: true });
  const second = await manager.delegate(topic, 'After');
  expect(second).toMatchObject({
    status: 'completed',
    session: { kind: 'replaced', reason: 'lost', replaces: first.session_id },
  });
  await expectBriefed(second, 'After', '- turn 1 (completed): Before');
  expect(store.startsWith(join(under.dir, 'data'))).toBe(true);
});

test('promise 5: a topic whose conversation the provider refuses goes on in a new session', async () => {
  const topic = aTopic();
  const refusal = 'messages.13: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1.';
  const first = await manager.delegate(topic, `Begin\n[[poison: ${refusal}]]`);
  const named = await manager.delegate(undefined, 'Here', { session_id: first.session_id });
  expect(named).toMatchObject({
    status: 'failed',
    session_id: first.session_id,
    error: { code: 'SESSION_CORRUPTED', message: expect.stringContaining(refusal) },
  });
  const second = await manager.delegate(topic, 'Go on');
  expect(second).toMatchObject({
    status: 'completed',
    session: { kind: 'replaced', reason: 'corrupted', replaces: first.session_id },
  });
  await expectBriefed(
    second,
    'Go on',
    '- turn 1 (completed): Begin',
    '- turn 2 (failed, SESSION_CORRUPTED): what it asked is left out',
  );
});

test('promise 5: a prompt that meets a conversation that broke since is worked on in a new session, in the same turn', async () => {
  const topic = aTopic();
  const first = await manager.delegate(topic, 'Begin\n[[poison: messages: text content blocks must be non-empty]]');
  const second = await manager.delegate(topic, 'Go on', { prompt_id: 'same' });
  expect(second).toMatchObject({
    status: 'completed',
    turn: 2,
    prompt_id: 'same',
    session: { kind: 'replaced', reason: 'corrupted', replaces: first.session_id },
  });
  await expectBriefed(second, 'Go on', '- turn 1 (completed): Begin');
});

test('promise 5: a context that is full also after OpenCode compacted it is replaced once, and is CONTEXT_OVERFLOW if the prompt alone fills it', async () => {
  const topic = aTopic();
  const first = await manager.delegate(topic, 'Long story');
  const full = await manager.delegate(topic, 'Full [[overflow: always]]');
  expect(full).toMatchObject({
    status: 'failed',
    session: { kind: 'replaced', reason: 'full', replaces: first.session_id },
    error: { code: 'CONTEXT_OVERFLOW', fix: expect.stringContaining('--new') },
  });
  // The brief quotes the prompt, and with it the script of the model that is full.
  expect(await manager.delegate(topic, 'Still there?')).toMatchObject({
    session: { kind: 'replaced', reason: 'full' },
  });
});
