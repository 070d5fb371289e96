/** What an answer shows of a reply, and of a page of it. */
import { expect, test } from 'vitest';
import type { ReplyPage } from '../../../src/contract/answers.js';
import type { TurnResult } from '../../../src/contract/types.js';
import { factsOf, pageAnswer, resultAnswer } from '../../../src/mcp/answers.js';

test('an answer without room shows one character, whole', () => {
  const reply = 'a🙂b';
  const result = { prompt_id: 'p', topic: 't', status: 'completed', session: { kind: 'new' }, reply };
  const room = { tokens: 0, bytes: 0, lines: 0 };
  const ends = [0, 1, 3].map((offset) => {
    const answer = resultAnswer(result as unknown as TurnResult, { offset, room });
    return (factsOf(answer) as { shown: { to: number } }).shown.to;
  });
  expect(ends).toEqual([1, 3, 4]);
});

test('a page beyond the last one is refused', () => {
  const page = { page: 9, pages: 2, parts: [], session_id: 's' } as unknown as ReplyPage;
  expect(() => pageAnswer(page)).toThrow('Field "page" must be at most 2');
});
