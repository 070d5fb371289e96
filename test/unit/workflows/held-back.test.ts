import { describe, expect, test } from 'vitest';
import type { PromptId, SessionId } from '../../../src/contract/ids.js';
import type { SessionRecord, TopicState } from '../../../src/contract/state.js';
import type { PromptRequest } from '../../../src/contract/types.js';
import { heldUntil, nextIn, runsBy } from '../../../src/workflows/held-back.js';
import { accept, newTopicState } from '../../../src/workflows/session-state.js';

const at = (minutes: number) => new Date(Date.parse('2026-01-01T12:00:00Z') + minutes * 60_000).toISOString();

function topicWith(context: SessionRecord['context'], ...prompts: Partial<PromptRequest>[]): TopicState {
  const state = newTopicState();
  state.sessions = [
    {
      session_id: 'ses_1' as SessionId,
      pinned: {} as never,
      turns: 1,
      opened_at: at(-60),
      ...(context && { context }),
    },
  ];
  state.current = 'ses_1' as SessionId;
  for (const [i, request] of prompts.entries()) accept(state, { prompt: 'x', ...request }, at(0), `p${i}` as PromptId);
  return state;
}
const warmUntil = (minutes: number) => ({ at: at(-30), warm_until: at(minutes) });

describe('a prompt that waits for a warm session', () => {
  test('is passed over while it is cold, by those that do not wait', () => {
    const state = topicWith(warmUntil(-1), { when_warm: '8h' }, {}, { when_warm: '1h' });
    expect(nextIn(state, at(0))).toBe(1);
    state.queue.splice(1, 1);
    expect([nextIn(state, at(0)), nextIn(state, at(59)), nextIn(state, at(60))]).toEqual([-1, -1, 1]);
    expect(new Date(heldUntil(state) ?? 0).toISOString()).toBe(at(60));
    expect(state.queue.map(runsBy)).toEqual([at(480), at(60)]);
  });

  test('is next in its order while it is warm, and when the topic closes', () => {
    const state = topicWith(warmUntil(5), { when_warm: '8h' }, {});
    expect([nextIn(state, at(4)), nextIn(state, at(5))]).toEqual([0, 1]);
    state.closing = true;
    expect(nextIn(state, at(5))).toBe(0);
  });

  test('waits where nobody knows whether it is warm, but not for a session that is lost', () => {
    const state = topicWith(undefined, { when_warm: '8h' });
    expect(nextIn(state, at(0))).toBe(-1);
    state.sessions[0]!.lost = 'cold'; // For another prompt.
    expect(nextIn(state, at(0))).toBe(-1);
    state.sessions[0]!.lost = 'lost';
    expect(nextIn(state, at(0))).toBe(0);
  });

  test('waits for the session that it names', () => {
    const state = topicWith(warmUntil(5), { when_warm: '8h', session_id: 'ses_2' as SessionId });
    state.sessions.push({ ...state.sessions[0]!, session_id: 'ses_2' as SessionId, context: warmUntil(-1) });
    expect(nextIn(state, at(0))).toBe(-1);
  });
});
