/** What an outcome says of the attempts before it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { AgentOutcome } from '../../../../src/agents/agent.js';
import type { AgentDriver, PromptKey, Sight } from '../../../../src/agents/driver.js';
import { createAgent, TurnRoom } from '../../../../src/agents/turn/create-agent.js';
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

test.each<[string, Partial<Sight>[], string | undefined]>([
  ['a prompt that ended before', [ended], 'harvested'],
  ['a prompt at work', [{ prompt: 'present', busy: 'this' }, ended], 'reattached'],
  // Claude Code may ask its model before it stores the prompt.
  ['a prompt at work that is not stored yet', [{ prompt: 'absent', busy: 'this' }, ended], 'reattached'],
  ['a new prompt', [{ prompt: 'absent', busy: false }, { prompt: 'present', busy: 'this' }, ended], undefined],
])('%s', async (_, sights, recovered) => {
  const folder = await mkdtemp(join(tmpdir(), 'continuity-recovered-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const agent = createAgent({
    name: 'shown',
    driver: driverThatShows(sights),
    room: new TurnRoom(folder, () => undefined),
  });
  const session = { session_id: 'session' as SessionId, cwd: folder, store: 'store' };
  const request = { session, prompt_id: 'p' as PromptId, prompt: 'Fix' };
  let outcome: AgentOutcome | undefined;
  for await (const event of agent.turn(request, new AbortController().signal))
    if (event.type === 'outcome') outcome = event.outcome;
  expect(outcome?.status).toBe('completed');
  expect(outcome?.recovered).toBe(recovered);
});
