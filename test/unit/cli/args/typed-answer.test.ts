import { describe, expect, it } from 'vitest';
import { howToType, typedAnswer } from '../../../../src/cli/args/typed-answer.js';
import { requestOf } from '../../../../src/cli/commands/answer.js';
import type { Ask } from '../../../../src/contract/asks.js';

const permission: Ask = {
  ask_id: 'a-1',
  kind: 'permission',
  tool: 'bash',
  text: 'ls',
  takes: ['allow', 'always', 'deny'],
};
const question: Ask = {
  ask_id: 'a-2',
  kind: 'question',
  text: 'Which one?',
  options: [{ label: 'red' }, { label: 'blue' }],
  takes: ['reply', 'deny'],
};
const open: Ask = { ask_id: 'a-3', kind: 'question', text: 'Why?', takes: ['reply'] };
const letters: Ask = { ...question, options: [{ label: 'c' }, { label: 'd' }] };

describe('a line that a person types', () => {
  it.each<[string, Ask, string, object]>([
    ['a', permission, 'a', { decision: 'allow' }],
    ['its word', permission, ' Allow ', { decision: 'allow' }],
    ['s', permission, 's', { decision: 'always' }],
    ['d', permission, 'd', { decision: 'deny' }],
    ['d and why', permission, 'd use trash, please', { decision: 'deny', text: 'use trash, please' }],
    ['a number', question, '2', { decision: 'reply', text: 'blue' }],
    ['a number that is no option', question, '3', { decision: 'reply', text: '3' }],
    ['its own words', question, 'neither of them', { decision: 'reply', text: 'neither of them' }],
    ['d, to decline', question, 'd', { decision: 'deny' }],
    ['d, which is an option', letters, 'd', { decision: 'reply', text: 'd' }],
    ['d, where nothing can be declined', open, 'd', { decision: 'reply', text: 'd' }],
  ])('%s is an answer to this ask', (_what, ask, line, answer) =>
    expect(typedAnswer(ask, line)).toEqual({ ...answer, ask_id: ask.ask_id }),
  );

  it.each<[Ask, string]>([
    [permission, ''],
    [permission, 'yes'],
    [permission, 'a because'],
    [permission, 'constructor'],
    [{ ...permission, takes: ['allow', 'deny'] }, 's'],
    [open, ' '],
  ])('of %j %j is asked for again', (ask, line) => expect(typedAnswer(ask, line)).toHaveProperty('again'));

  it('is explained with what the ask takes', () => {
    expect([permission, question, open].map(howToType)).toEqual([
      'a allow · s always in this session · d deny, d TEXT tells why',
      '1-2, or your own words · d to decline',
      'your reply',
    ]);
  });
});

describe('the words of continuity answer', () => {
  it('are a decision, a denial with its text, or a reply, and name one ask', () => {
    expect([
      requestOf({ always: true }),
      requestOf({ deny: true }, 'use trash'),
      requestOf({ ask: 'a-1' }, 'the second one'),
    ]).toEqual([
      { decision: 'always' },
      { decision: 'deny', text: 'use trash' },
      { decision: 'reply', text: 'the second one', ask_id: 'a-1' },
    ]);
  });

  it.each<[Parameters<typeof requestOf>, string]>([
    [[{}], 'needs a decision'],
    [[{}, ' '], 'needs a decision'],
    [[{ allow: true, always: true, deny: true }], '--allow and --always and --deny exclude each other'],
    [[{ always: true }, 'why'], '--always takes no text'],
  ])('%j are refused', (words, said) => expect(() => requestOf(...words)).toThrow(said));
});
