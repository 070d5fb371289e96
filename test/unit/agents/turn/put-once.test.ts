import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { NotPutIn, Unreachable, type AgentDriver, type PromptKey, type Sight } from '../../../../src/agents/driver.js';
import { createAgent, TurnRoom } from '../../../../src/agents/turn/create-agent.js';
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

async function completes(driver: AgentDriver): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'continuity-put-once-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const agent = createAgent({ name: 'careless', driver, room: new TurnRoom(folder, () => undefined) });
  const session = { session_id: 'session' as SessionId, cwd: folder, store: 'store' };
  const events = [];
  for await (const event of agent.turn(
    { session, prompt_id: 'p' as PromptId, prompt: 'Once' },
    new AbortController().signal,
  ))
    events.push(event);
  expect(events.at(-1)).toMatchObject({ outcome: { status: 'completed', reply: 'Done.' } });
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
