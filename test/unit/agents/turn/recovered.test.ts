/** What an outcome says of the attempts before it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { AgentOutcome, TurnRequest } from '../../../../src/agents/agent.js';
import type { AgentDriver, PromptKey, Sight } from '../../../../src/agents/driver.js';
import { createAgent, TurnRoom } from '../../../../src/agents/turn/create-agent.js';
import { failure } from '../../../../src/contract/failures.js';
import type { PromptId, SessionId } from '../../../../src/contract/ids.js';

/** It shows these one after the other, and the last one from then on. */
function driverThatShows(sights: Partial<Sight>[]): AgentDriver {
  let looks = 0;
  const same = { superseded: false, steps: 0, fingerprint: 'same', done: () => [], said: () => ({ reply: 'Done.' }) };
  return {
    capabilities: { promptIds: true, repeatablePut: true, reattach: true, cancel: true, usage: 'none' },
    ...{ store: 'store', storeIsSetBy: 'nothing', log: 'none', maxPuts: 1 },
    keyOf: () => 'key' as PromptKey,
    check: () => Promise.resolve(),
    connect: () => Promise.resolve(1),
    isBusy: () => Promise.resolve(false),
    look: () => Promise.resolve({ ...same, ...sights[Math.min(looks++, sights.length - 1)] }),
    put: () => Promise.resolve(undefined),
    listen: () => () => undefined,
  } as unknown as AgentDriver;
}

const ended = { prompt: 'present', end: { status: 'completed' }, busy: false } as const;

async function outcomeOf(sights: Partial<Sight>[], more: Partial<TurnRequest> = {}): Promise<AgentOutcome | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'continuity-recovered-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const agent = createAgent({
    name: 'shown',
    driver: driverThatShows(sights),
    room: new TurnRoom(folder, () => undefined),
  });
  const session = { session_id: 'session' as SessionId, cwd: folder, store: 'store' };
  const request = { session, prompt_id: 'p' as PromptId, prompt: 'Fix', ...more };
  for await (const event of agent.turn(request, new AbortController().signal))
    if (event.type === 'outcome') return event.outcome;
  return undefined;
}

test('a turn that a limit ended, and that a later prompt has overtaken, can never go on', async () => {
  const limited = { status: 'failed', error: failure('AGENT_RATE_LIMITED', 'Used up.') } as const;
  const sight = { prompt: 'present', end: limited, busy: false } as const;
  expect(await outcomeOf([{ ...sight, superseded: true }], { goes_on: true })).toMatchObject({
    error: { code: 'AGENT_RATE_LIMITED' },
    overtaken: true,
  });
  expect(await outcomeOf([sight])).not.toHaveProperty('overtaken');
  const completed = { ...sight, end: { status: 'completed' }, superseded: true } as const;
  expect(await outcomeOf([completed])).not.toHaveProperty('overtaken');
});

test.each<[string, Partial<Sight>[], string | undefined]>([
  ['a prompt that ended before', [ended], 'harvested'],
  ['a prompt at work', [{ prompt: 'present', busy: 'this' }, ended], 'reattached'],
  // Claude Code may ask its model before it stores the prompt.
  ['a prompt at work that is not stored yet', [{ prompt: 'absent', busy: 'this' }, ended], 'reattached'],
  ['a new prompt', [{ prompt: 'absent', busy: false }, { prompt: 'present', busy: 'this' }, ended], undefined],
])('%s', async (_, sights, recovered) => {
  const outcome = await outcomeOf(sights);
  expect(outcome?.status).toBe('completed');
  expect(outcome?.recovered).toBe(recovered);
});
