import { expect, test } from 'vitest';
import { Output } from '../../../../src/cli/terminal/output.js';
import { clock } from '../../../../src/cli/terminal/words.js';
import { topicText } from '../../../../src/cli/terminal/topic-text.js';
import type { Pinned, TurnResult } from '../../../../src/contract/types.js';
import type { SessionView, TopicView } from '../../../../src/contract/views.js';

const now = Date.parse('2026-01-01T12:00:00Z');
const before = (seconds: number) => new Date(now - seconds * 1000).toISOString();
const pinned: Pinned = {
  agent: 'opencode',
  model: 'p/m',
  category: 'quick',
  project: '/app',
  cwd: '/app',
  host: 'host-1',
  store: '/s',
};
const turn = {
  topic: 'auth',
  session_id: 'ses_2',
  session: { kind: 'resumed' },
  status: 'completed',
  reply: 'Done.',
  agent: 'opencode',
  attempts: 1,
  duration_ms: 1500,
};
const view = {
  topic: 'auth',
  state: 'waiting',
  closing: false,
  session_id: 'ses_2',
  project: '/app',
  turns: 3,
  sessions: [
    { session_id: 'ses_1', pinned, turns: 1, opened_at: before(900), lost: 'lost', current: false },
    { session_id: 'ses_2', pinned, turns: 2, opened_at: before(600), current: true },
  ],
  running: {
    prompt_id: 'p-4',
    prompt: 'Now the tests',
    turn: 4,
    session_id: 'ses_2',
    started_at: before(12),
    waiting_for_host: 'host-1',
  },
  queue: [{ prompt_id: 'p-5', prompt: 'And the docs', accepted_at: before(120) }],
  outcomes: [
    {
      ...turn,
      prompt_id: 'p-2',
      turn: 2,
      session: { kind: 'replaced', reason: 'lost', replaces: 'ses_1' },
      started_at: before(300),
      usage: {
        input_tokens: 1000,
        output_tokens: 200,
        reasoning_tokens: 0,
        cache_read_tokens: 0,
        cache_write_tokens: 0,
        cost_usd: 0.031,
      },
    },
    {
      ...turn,
      prompt_id: 'p-3',
      turn: 3,
      status: 'failed',
      reply: '',
      error: { code: 'AGENT_AUTH', message: 'No key.', fix: 'Log in again.' },
      started_at: before(61),
    },
  ] as TurnResult[],
  refused: [],
} as unknown as TopicView;

test('a topic tells where it stands, and beside each part what can be done about it', () => {
  expect(topicText(view, new Output(false), now)).toBe(`auth  waiting · 3 turns · /app

Sessions  (open one: continuity open auth)
    ses_1  lost · opencode · p/m · quick · 1 turn · /app on host-1
  → ses_2  opencode · p/m · quick · 2 turns · /app on host-1

Running  (follow: continuity watch auth · stop: continuity cancel auth)
  p-4  Now the tests · for 12.0 s
  Host host-1 does not answer. The turn continues when a worker starts there: continuity worker

Queue  (take one out: continuity cancel auth <prompt id>)
  p-5  And the docs · 2 minutes ago

Last outcomes  (in full: continuity outcome auth <prompt id>)
  turn 2  p-2  completed, lost ses_1 replaced, 1.5 s, 1,200 tokens, $0.03, 5 minutes ago: Done.
  turn 3  p-3  failed AGENT_AUTH, 1.5 s, 1 minute ago: No key.
        Log in again.

Go on
  continuity delegate --topic auth "…"`);
});

test('the session says what it holds, and what the next turn costs for it', () => {
  const at = (seconds: number) => new Date(now + seconds * 1000).toISOString();
  const shown = (context: object) =>
    topicText(
      { ...view, sessions: view.sessions.map((one) => ({ ...one, context }) as SessionView) },
      new Output(false),
      now,
    );
  const costs = { tokens: 182_000, at: before(7200), warm_usd: 0.0546, cold_usd: 0.6825 };
  expect(
    shown({ ...costs, warm_until: at(-3600) })
      .split('\n')
      .slice(3, 6),
  ).toEqual([
    '    ses_1  lost · opencode · p/m · quick · 1 turn · /app on host-1',
    '  → ses_2  opencode · p/m · quick · 2 turns · /app on host-1',
    `      182,000 tokens, cold since ${clock(at(-3600), now)}; the next turn reads them again, about $0.68 (warm: $0.05)`,
  ]);
  expect(shown({ ...costs, warm_until: at(60) })).toContain(
    `182,000 tokens, warm until ${clock(at(60), now)}; the next turn reads them for about $0.05 (cold: $0.68)\n`,
  );
  // Nobody knows the price: it is left out, and never 0.
  expect(shown({ tokens: 1, at: before(1), warm_until: at(-1) })).toMatch(
    /1 tokens, cold since [\d: -]+; the next turn reads them again\n/,
  );
  expect(shown({ at: before(1), warm_until: at(60) })).toMatch(/^ {6}warm until [\d: -]+$/m);
});

test('an outcome says which agent took over, and from which session', () => {
  const session = { kind: 'resumed', reason: 'agent_changed', follows: 'ses_1' };
  const outcomes = [{ ...turn, prompt_id: 'p-4', turn: 4, agent: 'codex', session, started_at: before(5) }];
  expect(topicText({ ...view, outcomes: outcomes as TurnResult[] }, new Output(false), now)).toContain(
    'turn 4  p-4  completed, codex after ses_1, 1.5 s',
  );
});

test('a turn at work tells what it is doing', () => {
  const running = { ...view.running };
  delete running.waiting_for_host;
  expect(
    topicText(
      { ...view, state: 'running', running: running as NonNullable<TopicView['running']> },
      new Output(false),
      now,
      { attempt: 1, step: 'bash: npm test' },
    ),
  ).toContain('p-4  Now the tests · for 12.0 s\n    · bash: npm test\n');
});
