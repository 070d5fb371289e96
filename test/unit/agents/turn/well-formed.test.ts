/** What is put into a session is text that every provider takes. */
import { expect, test } from 'vitest';
import { wellFormed, wellFormedTurn } from '../../../../src/agents/turn/well-formed.js';
import type { PromptId, SessionId } from '../../../../src/contract/ids.js';

test.each([
  ['a \uD83D b', 'a \uFFFD b'],
  ['\uDE00', '\uFFFD'],
  ['\uDE00\uD83D', '\uFFFD\uFFFD'],
  ['a\0b\0', 'a\uFFFDb\uFFFD'],
  ['\u{1F600} \uFEFF \t\n ü', '\u{1F600} \uFEFF \t\n ü'],
])('%j is put in as %j, and keeps its length', (given, put) => {
  expect(wellFormed(given)).toBe(put);
  expect(put).toHaveLength(given.length);
});

test('the prompt, the instructions and the answers of a turn are made well-formed, and nothing else', () => {
  const ask = { ask_id: 'a', kind: 'question', text: '\0', takes: ['reply'] } as const;
  const asked = { ...ask, takes: [...ask.takes] };
  const request = {
    session: { session_id: 's' as SessionId, cwd: '/', store: 'x', instructions: 'Be \0' },
    prompt_id: 'p' as PromptId,
    prompt: 'Brief.\uD83D Fix \0',
    brief_length: 7,
    goes_on: true,
    answered: [{ ask: asked, answer: { decision: 'reply', text: 'No \uD83D' }, by: 'person' }],
  } as const;
  expect(wellFormedTurn({ ...request, answered: [...request.answered] })).toEqual({
    ...request,
    session: { ...request.session, instructions: 'Be \uFFFD' },
    prompt: 'Brief.\uFFFD Fix \uFFFD',
    answered: [{ ask: asked, answer: { decision: 'reply', text: 'No \uFFFD' }, by: 'person' }],
  });
});

test('a turn without instructions and answers gets none', () => {
  const session = { session_id: 's' as SessionId, cwd: '/', store: 'x' };
  expect(wellFormedTurn({ session, prompt_id: 'p' as PromptId, prompt: 'Fix' })).toEqual({
    session,
    prompt_id: 'p',
    prompt: 'Fix',
  });
});
