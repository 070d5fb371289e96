/** Which notices a topic has to deliver, within its bounds. */
import { describe, expect, test } from 'vitest';
import type { Waiting } from '../../../src/contract/asks.js';
import type { PromptId, SessionId, TopicId } from '../../../src/contract/ids.js';
import * as limits from '../../../src/contract/limits.js';
import type { QueuedPrompt, RunningPrompt, TopicState } from '../../../src/contract/state.js';
import { jsonBytes } from '../../../src/contract/text.js';
import type { TurnResult } from '../../../src/contract/types.js';
import { nextNotices, noteEnded, noteWaits, noticesAreOver } from '../../../src/workflows/noticed.js';
import { newTopicState } from '../../../src/workflows/session-state.js';

const topic = 'T' as TopicId;
const now = '2026-01-01T00:00:00.000Z';

const promptOf = (id: string, notify?: string): QueuedPrompt => ({
  prompt_id: id as PromptId,
  request: { prompt: 'work', ...(notify !== undefined && { notify, notify_proof: 'proof' }) },
  accepted_at: now,
});

const resultOf = (id: string, reply = 'done', session: string | null = 'ses_1'): TurnResult => ({
  ...{ topic, prompt_id: id as PromptId, session_id: session as SessionId, session: { kind: 'new' } },
  ...{ status: 'completed', reply, agent: 'a', turn: 1, attempts: 1, started_at: now, duration_ms: 1 },
});

const runningOf = (notify?: string): RunningPrompt => ({
  ...{ prompt: promptOf('p', notify), turn: 1, session_id: 'ses_1' as SessionId, started_at: now },
});

const ask = (ask_id: string): Waiting => ({
  ...{ for: 'answer', since: now, until: now },
  ask: { ask_id, kind: 'permission', text: 'npm test', takes: ['allow', 'deny'] },
});
const quota: Waiting = {
  ...{ for: 'quota', since: now, until: now },
  because: { code: 'AGENT_RATE_LIMITED', message: 'm', fix: 'f' },
};

const namesIn = ({ notices = [] }: TopicState) => notices.map(({ name }) => name);

describe('a notice is made', () => {
  test('of an outcome, and of none for a prompt without a command', () => {
    const state = newTopicState();
    expect(noteEnded(topic, state, promptOf('p'), resultOf('p'), now)).toBe(false);
    expect(state.notices).toBe(undefined);
    expect(noteEnded(topic, state, promptOf('p', 'true'), resultOf('p', 'x'.repeat(10_000)), now)).toBe(true);
    expect(state.notices).toMatchObject([
      { prompt_id: 'p', name: 'ended', run: 'true', proof: 'proof', event: { reply_truncated: true } },
    ]);
    expect(state.notices?.[0]?.event.reply).toHaveLength(limits.MAX_NOTICE_TEXT_BYTES);
  });

  test('of each ask once, however often the turn begins to wait for it', () => {
    const [state, running] = [newTopicState(), runningOf('true')];
    const made = ['one', 'one', 'two', 'one'].map((id) => noteWaits(topic, state, running, ask(id), now));
    expect(made).toEqual([true, false, true, false]);
    expect(namesIn(state)).toEqual([expect.stringMatching(/^asks\//), expect.stringMatching(/^asks\//)]);
    expect(noteWaits(topic, state, runningOf(), ask('one'), now)).toBe(false);
  });

  test('of each wait for a quota once, under a name without a time', () => {
    const [state, running] = [newTopicState(), runningOf('true')];
    for (const since of ['1', '1', '2', '2']) {
      running.parked_since = since;
      noteWaits(topic, state, running, quota, now);
    }
    expect(namesIn(state)).toEqual(['silent/0', 'silent/1']);
  });
});

describe('undelivered notices', () => {
  test('stay within their bytes: first the oldest texts go, then the oldest notices, which is noted', () => {
    const state = newTopicState();
    for (let i = 0; i < 100; i += 1)
      noteEnded(topic, state, promptOf(`p${i}`, 'true'), resultOf(`p${i}`, '\u0007'.repeat(5000)), now);
    expect(state.notices).toHaveLength(100);
    expect(state.failed_notice).toBe(undefined);
    expect(jsonBytes(state.notices)).toBeLessThanOrEqual(limits.MAX_NOTICES_BYTES);
    expect(state.notices?.[0]?.event).not.toHaveProperty('reply');
    expect(state.notices?.at(-1)?.event.reply).not.toBe('');
    for (let i = 0; i < 100; i += 1)
      noteEnded(topic, state, promptOf(`q${i}`, '\u0007'.repeat(1000)), resultOf(`q${i}`), now);
    expect(jsonBytes(state.notices)).toBeLessThanOrEqual(limits.MAX_NOTICES_BYTES);
    expect(state.notices?.at(-1)?.prompt_id).toBe('q99');
    expect(state.failed_notice?.problem).toMatch(/was dropped/);
  });

  test('are delivered by host, oldest first, and are gone then', () => {
    const state = newTopicState();
    state.sessions = [{ session_id: 'ses_1' }, { session_id: 'ses_2' }] as TopicState['sessions'];
    for (const [id, session] of [
      ['a', 'ses_1'],
      ['b', 'ses_1'],
      ['c', 'ses_2'],
    ] as const)
      noteEnded(topic, state, promptOf(id, 'true'), resultOf(id, '', session), now);
    const hostOf = () => 'h';
    const first = nextNotices(state, hostOf, 20);
    expect(first.map(({ prompt_id }) => prompt_id)).toEqual(['a', 'b']);
    expect(nextNotices(state, hostOf, 1)).toHaveLength(1);
    noticesAreOver(state, first);
    expect(state.notices?.map(({ prompt_id }) => prompt_id)).toEqual(['c']);
    noticesAreOver(state, state.notices ?? []);
    expect(state.notices).toBe(undefined);
  });

  test('without a session are delivered by directory', () => {
    const state = newTopicState();
    for (const cwd of ['/a', '/a', '/b']) {
      const { request, ...prompt } = promptOf(cwd, 'true');
      noteEnded(topic, state, { ...prompt, request: { ...request, cwd } }, resultOf('p', '', null), now);
    }
    expect(nextNotices(state, () => undefined, 20)).toHaveLength(2);
  });
});
