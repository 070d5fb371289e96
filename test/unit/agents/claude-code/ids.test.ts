import { expect, it } from 'vitest';
import { isNudge, isOurs, isSessionId, keyOf, nudgeIdOf, sessionIdOf } from '../../../../src/agents/claude-code/ids.js';
import type { PromptId, SessionId } from '../../../../src/contract/ids.js';

const [one, two] = ['one', 'two'] as SessionId[] as [SessionId, SessionId];
const prompt = 'prompt' as PromptId;

it('the same prompt of the same session has the same id for ever', () => {
  expect(keyOf(one, prompt)).toBe('c0171d00-c663-8751-8253-d91d1e0eff3c');
  expect(keyOf(two, prompt)).not.toBe(keyOf(one, prompt));
});

it('ids are uuids of version 8, and ours are told from those of a person', () => {
  for (const id of [sessionIdOf('seed'), keyOf(one, prompt), nudgeIdOf(keyOf(one, prompt), 0)])
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  expect([
    isOurs(keyOf(one, prompt)),
    isOurs(nudgeIdOf(keyOf(one, prompt), 0)),
    isNudge(nudgeIdOf(keyOf(one, prompt), 0)),
    isNudge(keyOf(one, prompt)),
  ]).toEqual([true, false, true, false]);
  expect(isOurs('5f1b9c1e-5c0a-4f0e-9a60-0c6a3f1f2b11')).toBe(false);
});

it('what is no uuid is no session, for it could be the title of one', () => {
  expect([isSessionId(sessionIdOf('seed')), isSessionId('ses_1'), isSessionId('../x')]).toEqual([true, false, false]);
});
