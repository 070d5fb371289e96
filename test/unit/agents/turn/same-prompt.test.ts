/** Whether the session has the prompt that is asked for, or another one under its id. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { AgentDriver, PromptKey, Sight } from '../../../../src/agents/driver.js';
import { createAgent, TurnRoom } from '../../../../src/agents/turn/create-agent.js';
import { BRIEF_BEGINS, BRIEF_ENDS } from '../../../../src/contract/brief-text.js';
import type { PromptId, SessionId } from '../../../../src/contract/ids.js';

/** Its session has a prompt under every id, whose turn is completed. */
function driverThatHas(text: string): AgentDriver {
  const sight: Partial<Sight> = {
    ...{ prompt: 'present', text, end: { status: 'completed' }, superseded: false, busy: false, steps: 0 },
    ...{ fingerprint: 'same', done: () => [], said: () => ({ reply: 'Done.' }) },
  };
  return {
    capabilities: { promptIds: true, repeatablePut: true, reattach: true, cancel: true, usage: 'none' },
    ...{ store: 'store', storeIsSetBy: 'nothing', log: 'none', maxPuts: 1 },
    keyOf: () => 'key' as PromptKey,
    check: () => Promise.resolve(),
    connect: () => Promise.resolve(1),
    look: () => Promise.resolve(sight),
    listen: () => () => undefined,
  } as unknown as AgentDriver;
}

const briefed = (brief: string, prompt: string) => BRIEF_BEGINS + brief + BRIEF_ENDS + prompt;
const lengthOf = (brief: string) => briefed(brief, '').length;

test.each([
  ['the same text', 'Fix', { prompt: 'Fix' }, 'completed'],
  ['half of a surrogate pair', 'Fix \uFFFD', { prompt: 'Fix \uD83D' }, 'completed'],
  ['NUL', 'Fix \uFFFD', { prompt: 'Fix \0' }, 'completed'],
  ['what an older release put in', 'Fix \uD83D \0', { prompt: 'Fix \uD83D \0' }, 'completed'],
  [
    'what an older release put in behind a brief',
    briefed('\0', 'Fix \0'),
    { prompt: briefed('b', 'Fix \0'), brief_length: lengthOf('b') },
    'completed',
  ],
  ['another text', 'Fix', { prompt: 'Fix it' }, 'failed'],
  ['another brief', briefed('a', 'Fix'), { prompt: briefed('b', 'Fix'), brief_length: lengthOf('b') }, 'completed'],
  ['a text behind a brief', briefed('a', 'No'), { prompt: briefed('b', 'Fix'), brief_length: lengthOf('b') }, 'failed'],
  ['a longer text', briefed('a', 'Do not Fix'), { prompt: briefed('b', 'Fix'), brief_length: lengthOf('b') }, 'failed'],
  ["a caller's text like a brief", briefed('a', 'Fix'), { prompt: briefed('b', 'Fix') }, 'failed'],
])('%s', async (_, stored, asked, status) => {
  const folder = await mkdtemp(join(tmpdir(), 'continuity-same-prompt-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const room = new TurnRoom(folder, () => undefined);
  const agent = createAgent({ name: 'keeper', driver: driverThatHas(stored), room });
  const session = { session_id: 'session' as SessionId, cwd: folder, store: 'store' };
  const request = { session, prompt_id: 'p' as PromptId, ...asked };
  const events = [];
  for await (const event of agent.turn(request, new AbortController().signal)) events.push(event);
  const error = status === 'failed' && { error: { code: 'PROMPT_ID_REUSED' } };
  expect(events.at(-1)).toMatchObject({ outcome: { status, ...error } });
});
