import { expect, test } from 'vitest';
import type { Ask } from '../../../src/contract/asks.js';
import { refusalOfAnswer } from '../../../src/contract/parse-answer.js';

test.each([
  ['permission', 'The permission takes "allow", not "always".'],
  ['cold', 'The ask takes "allow", not "always".'],
])('a decision that an ask of kind %s does not take', (kind, message) => {
  const ask = { ask_id: 'a', kind, text: 'Go on?', takes: ['allow'] } as Ask;
  expect(refusalOfAnswer(ask, { decision: 'always' })).toMatchObject({ code: 'INVALID_ANSWER', message });
});
