import { expect, test } from 'vitest';
import { saidSince } from '../../../../src/client/watch-topic.js';
import { Output } from '../../../../src/cli/terminal/output.js';
import { WatchPrinter } from '../../../../src/cli/terminal/watch-printer.js';
import type { TurnResult } from '../../../../src/contract/types.js';
import type { TopicView } from '../../../../src/contract/views.js';

const view = (changes: object): TopicView =>
  ({
    topic: 'auth',
    state: 'running',
    closing: false,
    session_id: 'ses_1',
    sessions: [{ session_id: 'ses_1', current: true, pinned: { agent: 'codex' } }],
    turns: 1,
    queue: [],
    outcomes: [],
    refused: [],
    ...changes,
  }) as unknown as TopicView;
const running = { prompt_id: 'p-1', prompt: 'Fix: the\nlogin', turn: 1, session_id: 'ses_1', started_at: '' };
const outcome = {
  prompt_id: 'p-1',
  turn: 1,
  status: 'completed',
  reply: 'Done.\nMore.',
  session: { kind: 'new' },
  duration_ms: 1500,
} as TurnResult;

test('a turn is told from its begin to its end, each fact once, text as it comes', () => {
  let written = '';
  const out = { isTTY: false, write: (text: string) => (written += text) } as unknown as NodeJS.WriteStream;
  const printer = new WatchPrinter(new Output(false, out, out));
  const doing = (step: string, text = '') => printer.print({ type: 'progress', text, progress: { attempt: 1, step } });
  printer.print({ type: 'view', view: view({ running }) });
  doing('bash: npm test');
  doing('bash: npm test', 'All ');
  doing('', 'tests pass.');
  printer.print({
    type: 'view',
    view: view({ running, queue: [{ prompt_id: 'p-2', prompt: 'Also: why?', accepted_at: '' }] }),
  });
  printer.print({ type: 'view', view: view({ state: 'idle', outcomes: [outcome] }) });
  printer.end();
  expect(written.split('\n')).toEqual([
    '▶ turn 1: Fix: the login',
    'auth  running · 1 turn · ses_1 of codex',
    '  · bash: npm test',
    'All tests pass.',
    'auth  running · 1 turn · ses_1 of codex · 1 queued, next: Also: why?',
    '✔ turn 1 completed · new · 1.5 s: Done. More.',
    'auth  idle · 1 turn · ses_1 of codex',
    '',
  ]);
});

test.each([
  ['', 'abc', 'abc'],
  ['abc', 'abc', ''],
  ['abc', 'abcdef', 'def'],
  ['abcdef', 'defghi', 'ghi'],
  ['abc', 'xyz', 'xyz'],
])('what was said between the tails %j and %j is %j', (before, now, said) => expect(saidSince(before, now)).toBe(said));

test('each fix that a check asks for is told as a turn, and so is that no worker answers', () => {
  let written = '';
  const out = { isTTY: false, write: (text: string) => (written += text) } as unknown as NodeJS.WriteStream;
  const printer = new WatchPrinter(new Output(false, out, out));
  printer.print({ type: 'unanswered' });
  printer.print({ type: 'view', view: view({ running }) });
  printer.print({ type: 'view', view: view({ running: { ...running, turn: 2, fix: 1 } }) });
  expect(written.split('\n').filter((line) => /^(No worker|▶)/.test(line))).toEqual([
    'No worker answers for the topic. continuity keeps asking. Start one with: continuity worker',
    '▶ turn 1: Fix: the login',
    '▶ turn 2, fix 1: Fix: the login',
  ]);
});
