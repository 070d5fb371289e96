import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AgentOutcome, TurnRequest } from '../../../../src/agents/agent.js';
import { Unreachable, type AgentDriver, type PromptKey } from '../../../../src/agents/driver.js';
import type { TurnContext } from '../../../../src/agents/turn/attempt.js';
import { noteBegin, withLeftBehind } from '../../../../src/agents/turn/left-behind.js';
import { PromptNotes } from '../../../../src/agents/turn/prompt-notes.js';
import type { Leftover, Moment } from '../../../../src/host/leftovers.js';

const KEY = 'key' as PromptKey;
const request = { session: { session_id: 's' } } as TurnRequest;
const completed: AgentOutcome = { status: 'completed', reply: 'Done.' };
const daemon: Leftover = {
  ...{ pid: 999_999_999, started: 'never', command: ['sleep', '1000'], environment: {} },
  startedAt: new Date('2026-11-29T10:00:00Z'),
};

let folder: string;
let notes: PromptNotes;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'continuity-left-'));
  notes = new PromptNotes(folder);
});
afterEach(() => rm(folder, { recursive: true }));

const contextWith = (leftRunning?: AgentDriver['leftRunning']) =>
  ({ driver: { leftRunning } as Partial<AgentDriver>, notes }) as TurnContext;

test.runIf(process.platform === 'linux')('what still runs is told', async () => {
  const context = contextWith(() => Promise.resolve([daemon]));
  await noteBegin(context, KEY);
  const left_behind = [{ pid: daemon.pid, command: 'sleep 1000', since: '2026-11-29T10:00:00.000Z' }];
  expect(await withLeftBehind(completed, request, context, KEY)).toEqual({ ...completed, left_behind });
});

test.runIf(process.platform === 'linux')('a turn that goes on was begun when it was begun first', async () => {
  const moments: Moment[] = [];
  const context = contextWith((_, since) => (moments.push(since), Promise.resolve([])));
  await noteBegin(context, KEY);
  await withLeftBehind({ status: 'failed', reply: '' }, request, context, KEY);
  await new Promise((resolve) => setTimeout(resolve, 30)); // Some clock ticks.
  await noteBegin(context, KEY);
  await withLeftBehind(completed, request, context, KEY);
  expect(moments[1]).toEqual(moments[0]);
  expect(await notes.has('begun', KEY)).toBe(false);
});

test.runIf(process.platform === 'linux')('what ends soon after its turn was not left behind', async () => {
  let looks = 0;
  const context = contextWith(() => Promise.resolve(looks++ > 0 ? [] : [daemon]));
  await noteBegin(context, KEY);
  expect(await withLeftBehind(completed, request, context, KEY)).toEqual(completed);
});

test.runIf(process.platform === 'linux')(
  'it is ended where that is wanted, and only of a turn that was stopped',
  async () => {
    const context = contextWith(() => Promise.resolve([daemon]));
    await noteBegin(context, KEY);
    const ending = { ...request, ends_left_behind: true as const };
    const kept = await withLeftBehind(completed, ending, context, KEY);
    expect(kept.left_behind?.map(({ ended }) => ended)).toEqual([undefined]);
    await noteBegin(context, KEY);
    const stopped = await withLeftBehind({ status: 'cancelled', reply: '' }, ending, context, KEY);
    expect(stopped.left_behind?.[0]?.ended).toBe(true);
  },
);

test('an agent that cannot tell now, or never can, ends its turns as before', async () => {
  const context = contextWith(() => Promise.reject(new Unreachable('It does not answer')));
  await noteBegin(context, KEY);
  expect(await withLeftBehind(completed, request, context, KEY)).toEqual(completed);
  expect(await withLeftBehind(completed, request, contextWith(), KEY)).toEqual(completed);
});
