/** What config decides about the asks of an agent. */
import { describe, expect, test } from 'vitest';

import { policyOf } from '../../../src/activities/ask-policy.js';
import type { AskRule } from '../../../src/config.js';
import type { Ask } from '../../../src/contract/asks.js';

const bash = (text: string): Ask => ({
  ask_id: 'ask-1',
  kind: 'permission',
  tool: 'bash',
  text,
  takes: ['allow', 'always', 'deny'],
});

const decided = (text: string, ...rules: AskRule[]) => policyOf({ rules })(bash(text))?.decision;

describe('a rule that allows', () => {
  const git: AskRule = { tool: 'bash', text: 'git *', then: 'allow' };

  test('allows what it names', () => expect(decided('git status -s', git)).toBe('allow'));

  test.each([
    'git status; rm -rf .',
    'git status && rm -rf .',
    'git status | sh',
    'git log > ~/.bashrc',
    'git show $(rm -rf .)',
    'git show `rm -rf .`',
    'git status\nrm -rf .',
    'git status ⏎ rm -rf .',
    'git status … -rf .',
  ])('leaves a second command to a person: %j', (text) => expect(decided(text, git)).toBeUndefined());

  test('without a text, allows whatever the tool does', () => {
    expect(decided('git status; rm -rf .', { tool: 'bash', then: 'allow' })).toBe('allow');
  });
});

describe('a rule that denies', () => {
  const push: AskRule = { text: '*git push*', then: 'deny' };

  test.each(['git push', 'cd x && git push -f', 'true\ngit push'])('denies it wherever it stands: %j', (text) =>
    expect(decided(text, push, { tool: 'bash', then: 'allow' })).toBe('deny'),
  );
});

test('the first rule that fits decides', () => {
  const rules: AskRule[] = [
    { text: 'git push*', then: 'ask' },
    { text: 'git *', then: 'allow' },
  ];
  expect(decided('git push origin', ...rules)).toBeUndefined();
  expect(decided('git pull', ...rules)).toBe('allow');
});
