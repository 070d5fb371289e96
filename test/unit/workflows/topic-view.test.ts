/** What the page in the Web UI says of a session that is lost, and of what a turn cost. */
import { expect, test } from 'vitest';
import type { PromptId, SessionId, TopicId } from '../../../src/contract/ids.js';
import type { Pinned } from '../../../src/contract/types.js';
import { addSession, newTopicState, recordOutcome } from '../../../src/workflows/session-state.js';
import { noteUsage } from '../../../src/workflows/spent.js';
import { detailsOf, promptStateOf, viewOf } from '../../../src/workflows/topic-view.js';

const topic = 'T' as TopicId;
const pinned: Pinned = { agent: 'opencode', project: '/p', cwd: '/p', host: 'h', store: '/s' };
const [old, instead] = ['ses_old', 'ses_new'] as [SessionId, SessionId];

test('a session that was replaced is shown as lost, and the outcome says in whose place the new one is', () => {
  const state = newTopicState();
  addSession(state, { session_id: old, pinned, turns: 1, opened_at: '', lost: 'lost' });
  addSession(state, { session_id: instead, pinned, turns: 0, opened_at: '' });
  recordOutcome(state, {
    topic,
    prompt_id: 'p' as PromptId,
    session_id: instead,
    session: { kind: 'replaced', reason: 'lost', replaces: old },
    status: 'completed',
    reply: 'Done.',
    agent: 'opencode',
    turn: 2,
    attempts: 1,
    started_at: '',
    duration_ms: 1500,
    usage: {
      input_tokens: 900,
      output_tokens: 80,
      reasoning_tokens: 20,
      cache_read_tokens: 3000,
      cache_write_tokens: 0,
      cost_usd: 0.031,
    },
  });
  const page = detailsOf(topic, state, undefined, false);
  expect(page).toContain('- session_id: `ses_new`');
  expect(page).toContain('- lost: `ses_old` · opencode');
  expect(page).toContain(
    '- turn 2 **completed** (replaced, lost, instead of ses\\_old, 1.5 s, 4000 tokens, $0.03): Done.',
  );
  expect(viewOf(topic, state, undefined, false).sessions).toMatchObject([
    { session_id: old, lost: 'lost', current: false },
    { session_id: instead, current: true },
  ]);
});

test('the page tells what was used and cost in one line, and the estimate of fresh sessions in another', () => {
  const state = newTopicState();
  addSession(state, { session_id: instead, pinned, turns: 0, opened_at: '' });
  const [session] = state.sessions;
  const tokens = { output_tokens: 20, reasoning_tokens: 0, cache_read_tokens: 300, cache_write_tokens: 100 };
  const turn = (opened: boolean) =>
    noteUsage(
      state,
      session!,
      { ...tokens, input_tokens: 0, cost_usd: 0.25 },
      { at: '2026-11-30T12:00:00.000Z', opened },
    );
  turn(true);
  expect(detailsOf(topic, state, undefined, false)).not.toContain('Estimate');
  turn(false);
  expect(detailsOf(topic, state, undefined, false)).toContain(
    'Used: 840 tokens, $0.50, 75 % of the input from the cache\n\nEstimate: 1 follow-up cost $0.25; in a fresh session it would have cost $',
  );
  expect(viewOf(topic, state, undefined, false).days).toMatchObject([{ day: '2026-11-30', turns: 2 }]);
});

test('a topic that was handed over shows whose session is the current one, and the other, without what only it needs', () => {
  const state = newTopicState();
  const left = { turn: 1, at: '' };
  addSession(state, { session_id: old, pinned: { ...pinned, agent: 'codex' }, turns: 1, opened_at: '' });
  addSession(state, { session_id: instead, pinned, turns: 1, opened_at: '', line: old, left });
  state.current = old;
  const page = detailsOf(topic, state, undefined, false);
  expect(page).toContain('- session_id: `ses_old`\n- agent: codex');
  expect(page).toContain('- also: `ses_new` · opencode');
  const [, other] = viewOf(topic, state, undefined, false).sessions;
  expect(other).toEqual({ session_id: instead, pinned, turns: 1, opened_at: '', current: false });
});

test('a round that fixes what a check found is asked for by its own id while it runs, and is told as its turn', () => {
  const state = newTopicState();
  const prompt = { prompt_id: 'p' as PromptId, request: { prompt: 'x' }, accepted_at: '' };
  const running = {
    prompt,
    turn: 2,
    session_id: old,
    started_at: '',
    fix: 1,
    loop: {
      first: { session: { kind: 'new' as const }, started_at: '' },
      rounds: [],
      prompt: { ...prompt, prompt_id: '@fix/1/p' as PromptId },
    },
  };
  const asked = (id: string) => promptStateOf(state, running, id as PromptId);
  expect(asked('@fix/1/p')).toMatchObject({ state: 'running', prompt_id: '@fix/1/p', turn: 2 });
  expect([asked('p').state, asked('@fix/2/p').state]).toEqual(['running', 'unknown']);
});
