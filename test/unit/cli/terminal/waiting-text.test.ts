import { expect, test } from 'vitest';
import { askedWords, askWords, waitingWords } from '../../../../src/client/waiting-words.js';
import { Output } from '../../../../src/cli/terminal/output.js';
import { topicText } from '../../../../src/cli/terminal/topic-text.js';
import { waitNotes } from '../../../../src/cli/terminal/wait-notes.js';
import { waitingLines, waitingNote } from '../../../../src/cli/terminal/waiting-text.js';
import { until } from '../../../../src/cli/terminal/words.js';
import type { Ask, AskedInTurn, Waiting } from '../../../../src/contract/asks.js';
import { failure } from '../../../../src/contract/failures.js';
import type { SessionId } from '../../../../src/contract/ids.js';
import type { TopicView } from '../../../../src/contract/views.js';

const now = Date.parse('2026-01-01T12:00:00Z');
const after = (minutes: number) => new Date(now + minutes * 60_000).toISOString();
const answerTo = (ask: Partial<Ask>): Waiting & { for: 'answer' } => ({
  for: 'answer',
  ask: {
    ask_id: 'a-1',
    kind: 'permission',
    tool: 'bash',
    text: 'rm -rf dist',
    takes: ['allow', 'deny'],
    ...ask,
  },
  since: after(0),
  until: after(30),
});
const question: Partial<Ask> = {
  kind: 'question',
  text: 'Which one?',
  takes: ['reply', 'deny'],
  options: [{ label: 'red', description: 'like blood' }, { label: 'blue' }],
};
const quota: Waiting = {
  for: 'quota',
  because: failure('AGENT_RATE_LIMITED', 'Five hours are used up.'),
  since: after(0),
  until: after(120),
};

test('a permission is shown whole, with who asks, until when, and the command that answers', () => {
  const waiting = answerTo({ text: 'cd /app\nrm -rf dist', session_id: 'ses_sub' as SessionId });
  expect(waitingLines("it's", waiting, now)).toEqual([
    'The sub-agent of session ses_sub asks for permission to use bash:',
    '  cd /app',
    '  rm -rf dist',
    'Without an answer it is denied in 30 minutes (2026-01-01 12:30 UTC), and the turn goes on.',
    `Answer: continuity answer 'it'\\''s' --allow | --deny "why"`,
  ]);
});

test('a question is shown with its options, and a long text says how much more there is', () => {
  expect(waitingLines('auth', answerTo(question), now)).toEqual([
    'The agent has a question:',
    '  Which one?',
    '  1. red - like blood',
    '  2. blue',
    'Without an answer it is denied in 30 minutes (2026-01-01 12:30 UTC), and the turn goes on.',
    'Answer: continuity answer auth "your reply" | --deny "why"',
  ]);
  const long = Array.from({ length: 25 }, (_, line) => `line ${line}`).join('\n');
  expect(waitingLines('auth', answerTo({ text: long }), now)).toContain(
    '  … 5 more lines. In full: continuity show auth --json',
  );
});

test('a budget is shown as what it is, and says that a denial ends the turn', () => {
  const text = 'The turn has used $2.00 of $2.00 (limits.costPerTurn). Go on?';
  const budget = answerTo({ kind: 'budget', text, takes: ['allow', 'deny'] });
  delete budget.ask.tool;
  expect(waitingLines('auth', budget, now)).toEqual([
    'A budget is used up:',
    `  ${text}`,
    'Without an answer it is denied in 30 minutes (2026-01-01 12:30 UTC), and the turn ends.',
    'Answer: continuity answer auth --allow | --deny "why"',
  ]);
  expect(waitingNote('auth', budget, now)).toContain('Go on? Without one it is denied in 30 minutes');
});

test('a limit is shown with its reason, the next try, and the commands', () => {
  expect(waitingLines('auth', quota, now)).toEqual([
    'The provider has a limit: AGENT_RATE_LIMITED: Five hours are used up.',
    'It is tried again in 2 hours (2026-01-01 14:00 UTC).',
    'Try it now: continuity retry auth · end the turn: continuity cancel auth',
  ]);
  const login: Waiting = { ...quota, for: 'agent', because: failure('AGENT_AUTH', 'No key.') };
  expect(waitingLines('auth', login, now)[0]).toBe('The agent cannot work: AGENT_AUTH: No key.');
});

test('a wait fits on one line for a log, and in a few words for a list', () => {
  expect(waitingNote('auth', answerTo({}), now)).toBe(
    'Topic auth waits for an answer to a permission for bash: rm -rf dist. Without one it is denied in 30 minutes (2026-01-01 12:30 UTC). Answer: continuity answer auth --allow | --deny "why"',
  );
  expect(waitingNote('auth', quota, now)).toBe(
    'Topic auth waits. The provider has a limit: AGENT_RATE_LIMITED: Five hours are used up. It is tried again in 2 hours (2026-01-01 14:00 UTC). Try it now: continuity retry auth',
  );
  expect(askWords(answerTo(question).ask)).toBe('question: Which one? (red, blue)');
  expect([answerTo({}), quota].map(waitingWords)).toEqual([
    'waits for an answer: permission for bash: rm -rf dist',
    'waits for the limit of its provider: AGENT_RATE_LIMITED',
  ]);
});

test('what was asked says who answered', () => {
  const asked = (more: Partial<AskedInTurn>) =>
    askedWords({ kind: 'permission', tool: 'bash', text: 'ls', decision: 'allow', by: 'person', ...more });
  expect([
    asked({}),
    asked({ decision: 'always' }),
    asked({ decision: 'deny', by: 'config' }),
    asked({ decision: 'deny', by: 'time', reply: 'Nobody answered within 30 minutes.' }),
    asked({ kind: 'question', text: 'Which?', decision: 'reply', reply: 'red' }),
    asked({ kind: 'cold', text: 'Go on?', decision: 'reply', reply: 'compact' }),
  ]).toEqual([
    'bash: ls → allowed by a person',
    'bash: ls → allowed for the session by a person',
    'bash: ls → denied by the config',
    'bash: ls → denied, because nobody answered in time',
    'Which? → answered by a person: red',
    'Go on? → answered by a person: compact',
  ]);
});

test('a time to come reads as long as it takes', () => {
  expect([after(0), after(1), after(60 * 25)].map((at) => until(at, now).replace(/ \(.*/, ''))).toEqual([
    'in a moment',
    'in 1 minute',
    'in 1 day',
  ]);
});

const view = (waiting?: Waiting, more: object = {}) =>
  ({
    topic: 'auth',
    state: 'waiting',
    closing: false,
    session_id: 'ses_1',
    turns: 1,
    sessions: [],
    queue: [],
    outcomes: [],
    refused: [],
    running: {
      prompt_id: 'p-1',
      prompt: 'Clean up',
      turn: 1,
      session_id: 'ses_1',
      started_at: after(-1),
      ...(waiting && { waiting }),
      ...more,
    },
  }) as unknown as TopicView;

test('a topic that waits shows for what, and what was answered before', () => {
  const asks = [{ kind: 'permission', tool: 'bash', text: 'ls', decision: 'allow', by: 'person' }];
  expect(topicText(view(quota, { asks }), new Output(false), now)).toContain(`
  p-1  Clean up · for 1 min 0 s
    · bash: ls → allowed by a person

Waits
  The provider has a limit: AGENT_RATE_LIMITED: Five hours are used up.
`);
});

test('a log gets one line for each wait, and one when it is over', () => {
  const lines: string[] = [];
  const on = waitNotes((line) => lines.push(line));
  for (const one of [view(), view(quota), view(quota), view(), view()]) on({ type: 'view', view: one });
  expect(lines.map((line) => line.slice(0, 28))).toEqual([
    'Topic auth waits. The provid',
    'Topic auth no longer waits.',
  ]);
});
