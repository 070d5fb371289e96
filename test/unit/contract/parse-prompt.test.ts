/** What signals and updates may bring into a workflow. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOfRequest, parsePrompt } from '../../../src/contract/parse-prompt.js';
import type { SessionId } from '../../../src/contract/ids.js';
import { utf8Length } from '../../../src/contract/text.js';

const problemOf = (payload: unknown) => {
  const parsed = parsePrompt(payload);
  return 'problem' in parsed ? parsed.problem : undefined;
};

describe('a prompt', () => {
  test('is an object, or a bare string', () => {
    expect(parsePrompt('hi')).toEqual({ request: { prompt: 'hi' } });
    expect(parsePrompt({ prompt: 'hi', prompt_id: 'a', category: null })).toEqual({
      request: { prompt: 'hi', prompt_id: 'a' },
    });
  });

  test.each([
    [null, 'a field "prompt"'],
    [42, 'got 42'],
    [[], 'a field "prompt"'],
    [undefined, 'got nothing'],
    [{}, 'it is missing'],
    [{ prompt: ' \n' }, 'not be blank'],
    [{ prompt: 7 }, 'Field "prompt" must be text; got 7'],
    [{ prompt: 'x', sesion_id: 'ses_1' }, 'Field "sesion_id" is not a field'],
    [{ prompt: 'x', session_id: '' }, 'Field "session_id" must be an id'],
    [{ prompt: 'x', prompt_id: 'a\nb' }, 'Field "prompt_id" must be an id'],
    [{ prompt: 'x', skills: 'a' }, 'Field "skills" must be a list'],
    [{ prompt: 'x', cwd: 'relative' }, 'Field "cwd" must be an absolute path'],
    [{ prompt: 'x', session: 'fresh' }, '"continue", "new" or "resume"'],
    [{ prompt: 'x', session: 'new', session_id: 'ses_1' }, 'contradict'],
    [{ prompt: 'x', prompt_id: '@fix/1/p' }, 'the topic derives such ids itself'],
    [{ prompt: 'x', close_after: '5 minutes ago' }, 'a duration from 1 second'],
    [{ prompt: 'x', when_warm: '0' }, 'Field "when_warm" must be a duration from 1 second to 30 days'],
    [{ prompt: 'x', when_warm: '-5m' }, 'such as "8h"; got "-5m"'],
    [{ prompt: 'x', when_warm: '900d' }, 'got "900d"'],
    [{ prompt: 'x', when_warm: true }, 'Field "when_warm" must be'],
    [{ prompt: 'x', when_warm: '8h', when: 'next' }, 'Fields "when_warm" and "when": "next" contradict each other'],
    [{ prompt: 'x', when_warm: '8h', session: 'new' }, 'Fields "when_warm" and "session": "new" contradict'],
    [{ prompt: 'x', workspace: { mode: 'tree' } }, 'Field "workspace" must be an object like'],
    [{ prompt: 'x', workspace: { mode: 'queue', at: '/' } }, 'Field "workspace" must be an object like'],
    [{ prompt: 'x', workspace: 'queue' }, 'with one of "shared", "queue", "worktree"; got "queue"'],
    [
      { prompt: 'x', on_cold: 'panic' },
      'Field "on_cold" must be "continue" or "ask" or "compact" or "replace"; got "panic"',
    ],
    [{ prompt: 'x', on_cold: 'replace', session_id: 'ses_1' }, 'never runs anywhere else'],
    [{ prompt: 'x', on_lost: 'panic' }, '"replace" or "fail"'],
    [{ prompt: 'x', on_lost: 'replace', session_id: 'ses_1' }, 'never runs anywhere else'],
    [{ prompt: 'x', session_id: 'ses_1', adopt: 'yes' }, 'Field "adopt" must be true or false; got "yes"'],
    [{ prompt: 'x', adopt: true }, 'there is no field "session_id"'],
    [{ prompt: 'x', host: 'h' }, 'there is no field "session_id"'],
    [{ prompt: 'x', __proto__: null, constructor: 'x' }, 'Field "constructor" is not a field'],
  ])('%j is refused, naming field, expectation and value', (payload, words) => {
    expect(problemOf(payload)).toMatchObject({ code: 'INVALID_PROMPT' });
    expect(problemOf(payload)?.message).toContain(words);
  });

  test('over 64 KiB of UTF-8 is refused, and says to write a file', () => {
    expect(problemOf('é'.repeat(32 * 1024))).toBeUndefined();
    expect(problemOf(`${'é'.repeat(32 * 1024)}x`)).toMatchObject({
      code: 'PROMPT_TOO_LARGE',
      fix: expect.stringContaining('file'),
    });
  });

  test('of any shape at all is either taken or refused, never thrown at', () => {
    fc.assert(fc.property(fc.anything(), (payload) => Object.keys(parsePrompt(payload)).length === 1));
  });
});

test('a retry is the same request, whether or not it says again that the session is taken over', () => {
  const request = { prompt: 'x', session_id: 'ses_1' as SessionId };
  expect(digestOfRequest({ ...request, adopt: true, host: 'h' })).toBe(digestOfRequest(request));
});

test('bytes are counted as UTF-8 counts them', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => utf8Length(text) === Buffer.byteLength(text)));
});
