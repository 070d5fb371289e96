/** What is copied of a topic. */
import { describe, expect, test } from 'vitest';
import { originIn, type ForkOrigin } from '../../../src/contract/fork.js';
import type { PromptId, SessionId, TopicId } from '../../../src/contract/ids.js';
import { MAX_BRIEF_BYTES } from '../../../src/contract/limits.js';
import type { TopicState } from '../../../src/contract/state.js';
import { jsonBytes } from '../../../src/contract/text.js';
import type { Pinned, TurnResult } from '../../../src/contract/types.js';

const pinned: Pinned = { agent: 'opencode', project: '/p', cwd: '/p', host: 'h', store: '/s' };
const topic = 'auth' as TopicId;
const record = (id: string) => ({
  session_id: id as SessionId,
  pinned,
  turns: 1,
  opened_at: '2026-01-01T00:00:00.000Z',
  ground: { commit: `left by ${id}` },
});

function outcome(turn: number, session: string | null, more: Partial<TurnResult> = {}): TurnResult {
  return {
    topic,
    prompt_id: `p${turn}` as PromptId,
    goal: `goal ${turn}`,
    session_id: session as SessionId | null,
    session: { kind: 'resumed' },
    status: 'completed',
    reply: `reply ${turn}`,
    agent: 'opencode',
    turn,
    attempts: 1,
    started_at: '2026-01-01T00:00:00.000Z',
    duration_ms: 1,
    ...more,
  };
}

const state = (outcomes: TurnResult[], current = 'a'): TopicState => ({
  sessions: [record('a'), record('b')],
  current: current as SessionId,
  queue: [],
  turns: 9,
  ids: [],
  outcomes,
  refused: [],
  closing: false,
});
const failed = { status: 'failed', error: { code: 'MODEL_FAILED', message: 'm', fix: 'f' } } as const;
const origin = (outcomes: TurnResult[], wish: { session_id?: string; at?: number } = {}) =>
  originIn(state(outcomes), { topic, ...(wish as { session_id?: SessionId; at?: number }) });

describe('a copy ends', () => {
  test('with the last completed turn of the current session', () => {
    const outcomes = [outcome(1, 'a'), outcome(2, 'a'), outcome(3, 'b'), outcome(4, 'a', failed)];
    expect(origin(outcomes)).toMatchObject({ session_id: 'a', turn: 2, prompt_id: 'p2' });
    expect(origin(outcomes)).not.toHaveProperty('session.ground');
    expect(origin(outcomes, { session_id: 'b' })).toMatchObject({ session_id: 'b', turn: 3 });
    expect(origin(outcomes, { session_id: 'b' })).toMatchObject({ session: { ground: { commit: 'left by b' } } });
  });

  test('with the turn that is named, however it ended, in whichever session', () => {
    const outcomes = [outcome(1, 'a'), outcome(2, 'b'), outcome(3, 'a', failed)];
    expect(origin(outcomes, { at: 3 })).toMatchObject({ session_id: 'a', turn: 3, prompt_id: 'p3' });
    expect(origin(outcomes, { at: 2 })).toMatchObject({ session_id: 'b', turn: 2 });
  });

  test('with a round of a check loop, by the prompt of that round', () => {
    const round = (turn: number, prompt: string) => ({
      turn,
      prompt_id: prompt as PromptId,
      status: 'completed' as const,
      duration_ms: 1,
      ran: [],
    });
    const checks = { passed: true, max_fixes: 3, rounds: [round(1, 'p'), round(2, '@fix/1/p')] };
    const outcomes = [outcome(2, 'a', { prompt_id: 'p' as PromptId, checks })];
    expect(origin(outcomes)).toMatchObject({ turn: 2, prompt_id: '@fix/1/p' });
    expect(origin(outcomes, { at: 1 })).toMatchObject({ turn: 1, prompt_id: 'p' });
  });
});

describe('nothing is copied', () => {
  const outcomes = [outcome(3, 'a'), outcome(4, null, failed)];
  test.each([
    ['of a turn that does not exist', outcomes, { at: 9 }, 'INVALID_PROMPT', 'does not exist'],
    ['of a turn that opened no session', outcomes, { at: 4 }, 'INVALID_PROMPT', 'opened no session'],
    ['of a turn that is forgotten', outcomes, { at: 1 }, 'INVALID_PROMPT', 'no longer remembered'],
    ['of a turn in another session', outcomes, { at: 3, session_id: 'b' }, 'INVALID_PROMPT', 'was in session a'],
    ['of a session that is not the topic’s', outcomes, { session_id: 'x' }, 'SESSION_UNKNOWN', 'has no session x'],
    ['where no turn is completed', [outcome(1, 'a', failed)], {}, 'SESSION_UNKNOWN', 'no completed turn'],
  ])('%s', (_, ended, wish, code, message) => {
    expect(origin(ended, wish)).toMatchObject({
      problem: { code, message: expect.stringContaining(message) as string },
    });
  });

  test('of a topic without a session', () => {
    const empty = { ...state([]), sessions: [], current: null };
    expect(originIn(empty, { topic })).toMatchObject({ problem: { code: 'SESSION_UNKNOWN' } });
  });
});

test('what is told of the turns fits into a brief, and always has the last one', () => {
  const outcomes = Array.from({ length: 60 }, (_, index) => outcome(index + 1, 'a', { reply: 'r'.repeat(5000) }));
  const { told } = origin(outcomes) as ForkOrigin;
  expect(jsonBytes(told)).toBeLessThan(MAX_BRIEF_BYTES + 200);
  expect(told.at(-1)?.turn).toBe(60);
  expect(told.length).toBeGreaterThan(3);
});
