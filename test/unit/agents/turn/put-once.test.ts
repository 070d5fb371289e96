import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Stop, TurnRequest } from '../../../../src/agents/agent.js';
import { NotPutIn, Unreachable, type AgentDriver, type PromptKey, type Sight } from '../../../../src/agents/driver.js';
import { createAgent, TurnRoom } from '../../../../src/agents/turn/create-agent.js';
import { failure } from '../../../../src/contract/failures.js';
import type { PromptId, SessionId } from '../../../../src/contract/ids.js';

/**
 * An agent that does not mind the same prompt twice. Its connection breaks at the first put, which
 * it carries out all the same, two looks later.
 */
function breaksAtFirstPut() {
  let generation = 1;
  let looks = 0;
  const held: string[] = [];
  const driver = {
    capabilities: {
      choosesSessionId: false,
      promptIds: true,
      repeatablePut: false,
      reattach: true,
      cancel: true,
      usage: 'none',
    },
    store: 'store',
    storeIsSetBy: 'nothing',
    log: 'none',
    maxPuts: 4,
    check: () => Promise.resolve(),
    keyOf: () => 'key' as PromptKey,
    connect: () => Promise.resolve(generation),
    recover: () => Promise.resolve(),
    isBusy: () => Promise.resolve(false),
    look(): Promise<Sight> {
      if (generation > 1 && ++looks === 2) held.push('once');
      const end = held.length > 0 && { end: { status: 'completed' as const } };
      return Promise.resolve({
        prompt: held.length > 0 ? 'present' : 'absent',
        ...end,
        superseded: false,
        busy: false,
        steps: 0,
        fingerprint: String(held.length),
        done: () => [],
        said: () => ({ reply: 'Done.' }),
      });
    },
    put() {
      if (generation === 2) held.push('twice');
      generation = 2;
      return Promise.reject(new Unreachable('The connection broke'));
    },
    listen: () => () => undefined,
    close: () => Promise.resolve(),
  } as unknown as AgentDriver;
  return { driver, held };
}

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'continuity-put-once-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** The end of an attempt. Attempts with the same folder have the same notes. */
async function attempted(driver: AgentDriver, folder: string, more: Partial<TurnRequest> = {}): Promise<unknown> {
  const agent = createAgent({ name: 'careless', driver, room: new TurnRoom(folder, () => undefined) });
  const session = { session_id: 'session' as SessionId, cwd: folder, store: 'store' };
  const events = [];
  for await (const event of agent.turn(
    { session, prompt_id: 'p' as PromptId, prompt: 'Once', ...more },
    new AbortController().signal,
  ))
    events.push(event);
  return events.at(-1);
}

async function completes(driver: AgentDriver): Promise<void> {
  const end = await attempted(driver, await aFolder());
  expect(end).toMatchObject({ outcome: { status: 'completed', reply: 'Done.' } });
}

test('a prompt whose put broke off with the connection is looked for twice before it is put in again', async () => {
  const { driver, held } = breaksAtFirstPut();
  await completes(driver);
  expect(held).toEqual(['once']);
});

test('a prompt that the agent certainly did not get is put in again, also where it cannot tell which it has', async () => {
  const { driver, held } = breaksAtFirstPut();
  let puts = 0;
  const put = () => {
    puts += 1;
    if (puts === 1) return Promise.reject(new NotPutIn('It ended'));
    held.push('once');
    return Promise.resolve(undefined);
  };
  const forgetful = { ...driver, put, capabilities: { ...driver.capabilities, promptIds: false } };
  await completes(forgetful);
  expect([puts, held]).toEqual([2, ['once']]);
});

/** What the attempts of a turn decide about its cold session, one after the other. */
function deciding(...stops: (Stop | undefined)[]) {
  let asked = 0;
  return { before_put: () => Promise.resolve(stops[asked++]), asked: () => asked };
}
const DENIED = { denied: failure('COLD_SESSION', 'Another session takes its place.') };

test('promise 2: a prompt that was let into its session is not kept out by a later attempt, whatever that decides', async () => {
  const { driver, held } = breaksAtFirstPut();
  const repeatable = { ...driver, capabilities: { ...driver.capabilities, repeatablePut: true } };
  const folder = await aFolder();
  const { before_put, asked } = deciding(undefined, DENIED, DENIED);
  const dies = { ...repeatable, put: () => Promise.reject(new Error('The worker died')) };
  await expect(attempted(dies, folder, { before_put })).rejects.toThrow('The worker died');
  const end = await attempted(repeatable, folder, { before_put });
  expect(end).toMatchObject({ outcome: { status: 'completed' } });
  expect(held.length).toBeGreaterThan(0);
  expect(asked()).toBe(1);
});

test('promise 2: what becomes of a prompt is not decided any more once its session has it', async () => {
  const { driver, held } = breaksAtFirstPut();
  held.push('once');
  const { before_put, asked } = deciding(DENIED);
  const end = await attempted(driver, await aFolder(), { before_put });
  expect(end).toMatchObject({ outcome: { status: 'completed' } });
  expect(asked()).toBe(0);
});

test('a prompt that is kept out is not put in', async () => {
  const { driver, held } = breaksAtFirstPut();
  const end = await attempted(driver, await aFolder(), { before_put: () => Promise.resolve(DENIED) });
  expect(end).toMatchObject({ outcome: { status: 'failed', error: { code: 'COLD_SESSION' } } });
  expect(held).toEqual([]);
});
