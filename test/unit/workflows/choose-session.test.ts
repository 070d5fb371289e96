/**
 * Promise 5, promise 6: which session a prompt goes to, row by row of the table in
 * docs/sessions.md.
 */
import { describe, expect, test } from 'vitest';
import type { SessionId, TopicId } from '../../../src/contract/ids.js';
import type { TopicState } from '../../../src/contract/state.js';
import type { OnLost, Pinned, PromptRequest } from '../../../src/contract/types.js';
import type { WorkspaceMode, Worktree } from '../../../src/contract/workspace.js';
import { chooseSession, replacementOf, workspaceRefusal } from '../../../src/workflows/choose-session.js';
import { addSession, newTopicState } from '../../../src/workflows/session-state.js';

const pinned: Pinned = {
  agent: 'opencode',
  model: 'a/b',
  category: 'quick',
  project: '/p',
  cwd: '/p',
  host: 'h',
  store: '/s',
};

function topicWith(...sessions: string[]): TopicState {
  const state = newTopicState();
  for (const session of sessions)
    addSession(state, { session_id: session as SessionId, pinned, turns: 1, opened_at: '' });
  return state;
}

const choose = (state: TopicState, request: Omit<PromptRequest, 'prompt'>) =>
  chooseSession(state, { request: { prompt: 'x', ...request } });

describe('a prompt goes to', () => {
  test('a new session, on a topic never seen, where the caller stands', () => {
    expect(choose(newTopicState(), { default_cwd: '/here', project: '/here', category: 'deep' })).toEqual({
      choice: { kind: 'new' },
      opening: { cwd: '/here', project: '/here', category: 'deep' },
    });
  });

  test('the session of the topic, wherever the caller stands within the project', () => {
    expect(choose(topicWith('ses_1', 'ses_2'), { default_cwd: '/p/src' })).toMatchObject({
      session: { session_id: 'ses_2' },
      choice: { kind: 'resumed' },
    });
  });

  test('exactly the session that is named, also when it is not the current one', () => {
    expect(choose(topicWith('ses_1', 'ses_2'), { session_id: 'ses_1' as SessionId })).toMatchObject({
      session: { session_id: 'ses_1' },
      choice: { kind: 'resumed' },
    });
  });

  test('a copy of another topic’s session, only where the topic has none yet', () => {
    const fork = { topic: 'auth' as TopicId, at: 2 };
    expect(choose(newTopicState(), { fork })).toEqual({ fork, choice: { kind: 'new', reason: 'forked' } });
    expect(choose(topicWith('ses_1'), { fork })).toMatchObject({ refused: { code: 'SESSION_PINNED' } });
  });

  test('a session that no topic has, taken over from the host that is named', () => {
    expect(choose(topicWith('ses_2'), { session_id: 'ses_1' as SessionId, adopt: true, host: 'h' })).toEqual({
      adopt: 'ses_1',
      host: 'h',
      choice: { kind: 'resumed', reason: 'adopted' },
    });
  });

  test('the session that the topic has, though it was to be taken over', () => {
    expect(choose(topicWith('ses_1'), { session_id: 'ses_1' as SessionId, adopt: true })).toMatchObject({
      session: { session_id: 'ses_1' },
      choice: { kind: 'resumed' },
    });
  });

  test('no session, when the one that is named has been forgotten meanwhile', () => {
    expect(choose(topicWith('ses_2'), { session_id: 'ses_1' as SessionId })).toEqual({ unknown: true });
  });

  test('a new session of another category, which brings its own agent and model', () => {
    expect(choose(topicWith('ses_1'), { category: 'deep' })).toEqual({
      choice: { kind: 'new', reason: 'category_changed' },
      opening: { agent_before: 'opencode', category: 'deep', cwd: '/p', project: '/p', workspace: 'shared' },
    });
  });

  test('a new session of another agent, which brings its own model', () => {
    expect(choose(topicWith('ses_1'), { agent: 'other' })).toEqual({
      choice: { kind: 'new', reason: 'agent_changed' },
      opening: { agent: 'other', category: 'quick', cwd: '/p', project: '/p', workspace: 'shared' },
    });
  });

  test('its session, although a prompt before it was to have another one instead of the cold one, and got none', () => {
    const state = topicWith('ses_1');
    const [session] = state.sessions;
    Object.assign(session!, { lost: 'cold' });
    expect(choose(state, { on_cold: 'continue' })).toEqual({ session, choice: { kind: 'resumed' } });
    expect(replacementOf(state, { prompt: 'x' }, session!, { found: true })).toMatchObject({
      choice: { kind: 'replaced', reason: 'cold', replaces: 'ses_1' },
    });
  });

  describe('a topic whose session was lost, to', () => {
    const lostTopic = (policy?: OnLost) => {
      const state = topicWith('ses_1', 'ses_2');
      state.sessions = state.sessions.map((session) => ({
        ...session,
        lost: 'lost',
        pinned: { ...pinned, variant: 'high', ...(policy && { on_lost: policy }) },
      }));
      return state;
    };
    const replaced = {
      choice: { kind: 'replaced', reason: 'lost', replaces: 'ses_2' },
      host: 'h',
      opening: {
        agent: 'opencode',
        model: 'a/b',
        variant: 'high',
        category: 'quick',
        cwd: '/p',
        project: '/p',
        replaces: 'ses_2',
      },
    };
    const tried = { session: { session_id: 'ses_2' }, choice: { kind: 'resumed' } };

    test.each([
      [undefined, undefined, replaced],
      ['replace', undefined, replaced],
      ['fail', undefined, tried],
      ['fail', 'replace', replaced],
      ['replace', 'fail', tried],
    ] as const)('what is pinned (%s) and what the prompt says (%s) decide', (policy, said, chosen) => {
      expect(choose(lostTopic(policy), { default_cwd: '/elsewhere', ...(said && { on_lost: said }) })).toMatchObject(
        chosen,
      );
    });

    test('exactly that session all the same, when it is named', () => {
      expect(choose(lostTopic(), { session_id: 'ses_2' as SessionId })).toMatchObject(tried);
      expect(choose(lostTopic(), { session_id: 'ses_1' as SessionId })).toMatchObject({
        session: { session_id: 'ses_1' },
      });
    });

    test('a new one for the reason that the caller has, where it has one', () => {
      expect(choose(lostTopic(), { category: 'deep' })).toMatchObject({
        choice: { kind: 'new', reason: 'category_changed' },
      });
      expect(choose(lostTopic(), { session: 'new' })).toMatchObject({ choice: { kind: 'new' } });
    });
  });

  test('a new session as the one before was, when the caller asks for a fresh one', () => {
    expect(choose(topicWith('ses_1'), { session: 'new', reason: 'fresh eyes', default_cwd: '/elsewhere' })).toEqual({
      choice: { kind: 'new', reason: 'fresh eyes' },
      opening: { agent: 'opencode', model: 'a/b', category: 'quick', cwd: '/p', project: '/p', workspace: 'shared' },
    });
  });
});

describe('a session that works', () => {
  const workspace: Worktree = {
    mode: 'worktree',
    ...{ directory: '/data/auth', branch: 'continuity/auth', base: 'a', from: '/p' },
  };
  const inWorktree = () => {
    const state = topicWith('ses_1');
    state.sessions[0]!.pinned = { ...pinned, cwd: '/data/auth/web', asked_cwd: '/link/web', workspace };
    return state;
  };
  const opening = (request: Omit<PromptRequest, 'prompt'>) => {
    const chosen = choose(inWorktree(), { session: 'new', ...request });
    return 'opening' in chosen && { cwd: chosen.opening.cwd, workspace: chosen.opening.workspace };
  };
  const wish = (mode: WorkspaceMode) => ({ prompt: 'p', workspace: { mode } });

  test('in a work tree is found by the directory that it stands for, in any spelling', () => {
    for (const cwd of ['/data/auth/web', '/link/web', '/p/web', '/p/web/'])
      expect(choose(inWorktree(), { cwd })).toMatchObject({ choice: { kind: 'resumed' } });
    expect(choose(inWorktree(), { cwd: '/p' })).toMatchObject({ choice: { reason: 'cwd_changed' } });
  });

  test('in a work tree is followed by one in the same, and elsewhere by one that config decides', () => {
    expect(opening({})).toEqual({ cwd: '/link/web', workspace: 'worktree' });
    expect(opening({ cwd: '/q' })).toEqual({ cwd: '/q', workspace: undefined });
    expect(opening({ workspace: { mode: 'shared' } })).toEqual({ cwd: '/link/web', workspace: 'shared' });
  });

  test('somewhere never moves, unless a new session is asked for', () => {
    const refusal = (state: TopicState, request: PromptRequest) => workspaceRefusal(state, request)?.code;
    expect(refusal(topicWith('ses_1'), wish('worktree'))).toBe('SESSION_PINNED');
    expect(refusal(topicWith('ses_1'), { ...wish('worktree'), session_id: 'ses_1' as SessionId })).toBe(
      'SESSION_PINNED',
    );
    expect(refusal(topicWith(), { ...wish('worktree'), session_id: 'x' as SessionId, adopt: true })).toBe(
      'SESSION_PINNED',
    );
    for (const mode of ['shared', 'queue'] as const) {
      expect(refusal(inWorktree(), wish(mode))).toBe('SESSION_PINNED');
      expect(refusal(topicWith('ses_1'), wish(mode))).toBeUndefined();
    }
    expect(refusal(inWorktree(), wish('worktree'))).toBeUndefined();
    expect(refusal(topicWith(), wish('worktree'))).toBeUndefined();
    expect(refusal(topicWith('ses_1'), { ...wish('worktree'), session: 'new' })).toBeUndefined();
    expect(refusal(topicWith('ses_1'), { ...wish('worktree'), cwd: '/q' })).toBeUndefined();
  });
});
