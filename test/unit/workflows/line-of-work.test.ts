/** What a session has to be told of the work that others did. */
import { describe, expect, test } from 'vitest';
import type { PromptId, SessionId, TopicId } from '../../../src/contract/ids.js';
import type { SessionRecord, TopicState } from '../../../src/contract/state.js';
import type { SessionChoice, TurnResult } from '../../../src/contract/types.js';
import { goOnIn, missedSince, turnsMissedBy, wasTold } from '../../../src/workflows/line-of-work.js';
import { addSession, newTopicState, recordOutcome, sessionOf } from '../../../src/workflows/session-state.js';

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
const id = (name: string) => name as SessionId;

/** A topic as the loop drives it: each turn takes one minute, and begins at its number. */
class Played {
  readonly state: TopicState = newTopicState();

  turn(name: string, choice: SessionChoice = { kind: 'resumed' }, status: TurnResult['status'] = 'completed'): this {
    const { state } = this;
    const turn = (state.turns += 1);
    const pinned = { agent: name, project: '/p', cwd: '/p', host: 'h', store: '/s' };
    if (!sessionOf(state, id(name))) addSession(state, { session_id: id(name), pinned, turns: 0, opened_at: at(turn) });
    goOnIn(state, this.session(name), choice, at(turn));
    if (status === 'completed') wasTold(this.session(name));
    recordOutcome(state, {
      topic: 'T' as TopicId,
      prompt_id: `p${turn}` as PromptId,
      session_id: id(name),
      session: choice,
      status,
      reply: '',
      agent: name,
      turn,
      attempts: 1,
      started_at: at(turn),
      duration_ms: 60_000,
    });
    return this;
  }

  to(name: string, from: string, kind: 'new' | 'resumed' = 'resumed', status?: TurnResult['status']): this {
    return this.turn(name, { kind, reason: 'agent_changed', follows: id(from) }, status);
  }

  session(name: string): SessionRecord {
    const session = sessionOf(this.state, id(name));
    if (!session) throw new Error(`There is no session ${name}.`);
    return session;
  }

  missedBy(name: string): number[] {
    return turnsMissedBy(this.state, this.session(name)).map(({ turn }) => turn);
  }
}
const played = () => new Played().turn('a', { kind: 'new' }).turn('a');

describe('a session that takes over', () => {
  test('has missed every turn of its line, and files count since that began', () => {
    const topic = played().to('b', 'a', 'new', 'failed');
    expect(topic.missedBy('b')).toEqual([1, 2]);
    expect(missedSince(topic.state, topic.session('b'))).toBe(at(1));
    expect(topic.session('b').brief_due).toEqual({ reason: 'agent_changed', from: 'a' });
    expect(topic.state.current).toBe('b');
  });

  test('has missed nothing of a session that was opened for other work', () => {
    const topic = new Played().turn('x', { kind: 'new' }).turn('a', { kind: 'new', reason: 'fresh eyes' });
    expect(topic.to('b', 'a', 'new').missedBy('b')).toEqual([2]);
  });

  test('has missed what two others did, also one that replaced a lost session', () => {
    const topic = played().turn('a2', { kind: 'replaced', reason: 'lost', replaces: id('a') });
    expect(topic.missedBy('a2')).toEqual([1, 2]);
    expect(topic.to('b', 'a2', 'new').to('c', 'b', 'new').missedBy('c')).toEqual([1, 2, 3, 4]);
  });
});

describe('a session that the topic comes back to', () => {
  test('has missed what was done since its own last turn, and files count since that ended', () => {
    const topic = played().to('b', 'a', 'new').turn('b').to('a', 'b', 'resumed', 'failed');
    expect(topic.missedBy('a')).toEqual([3, 4]);
    expect(missedSince(topic.state, topic.session('a'))).toBe(at(3));
    expect(topic.state.current).toBe('a');
  });

  test('… each time anew', () => {
    const topic = played().to('b', 'a', 'new').to('a', 'b').to('b', 'a').to('a', 'b');
    expect(topic.missedBy('a')).toEqual([5]);
    expect(topic.missedBy('b')).toEqual([6]);
  });

  test('has still missed it when the turn that would have told it failed', () => {
    const topic = played().to('b', 'a', 'new').to('a', 'b', 'resumed', 'failed').to('b', 'a').to('a', 'b');
    expect(topic.missedBy('a')).toEqual([3, 5]);
  });
});

test('a brief is due until a turn that told it was completed', () => {
  const topic = played().to('b', 'a', 'new', 'failed');
  expect(topic.session('b').brief_due).toBeDefined();
  topic.turn('b');
  expect(topic.session('b').brief_due).toBeUndefined();
});

test('a topic that has forgotten the session of which it knows the turns still tells them', () => {
  const topic = played().to('b', 'a', 'new').to('c', 'b', 'new', 'failed');
  topic.state.sessions = topic.state.sessions.filter(({ session_id }) => session_id === id('c'));
  expect(topic.missedBy('c')).toEqual([1, 2, 3]);
});
