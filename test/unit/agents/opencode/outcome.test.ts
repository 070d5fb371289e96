import { expect, test } from 'vitest';
import type { OpenCodeError } from '../../../../src/agents/opencode/failures.js';
import { outcomeOfEnded } from '../../../../src/agents/opencode/outcome.js';
import { turnStateOf } from '../../../../src/agents/opencode/turn-state.js';
import { answer, compaction, text, tool, user } from './messages.js';

const S = 'ses_1';
const P = 'msg_cty_p';
const outcomeOf = (...turn: Parameters<typeof turnStateOf>[0]) => outcomeOfEnded(turnStateOf([user(P, text('Add login')), ...turn], P), S, 10);
const failed = (error: OpenCodeError) => outcomeOf(answer(P, { error }));
const api = (statusCode?: number): OpenCodeError => ({ name: 'APIError', data: { message: 'says the provider', isRetryable: false, ...(statusCode && { statusCode }) } });

test('the reply is the last text of this turn, and usage is summed over all steps', () => {
  const outcome = outcomeOf(answer(P, { finish: 'tool-calls' }, text('Let me see.'), tool('completed')), answer(P, { finish: 'stop' }, text('Done.')), answer(P, { finish: 'stop' }));
  expect(outcome).toMatchObject({ status: 'completed', reply: 'Done.', model: 'scripted/model' });
  expect(outcome.usage).toEqual({ input_tokens: 30, output_tokens: 15, reasoning_tokens: 3, cache_read_tokens: 9, cache_write_tokens: 6, cost_usd: 0.03 });
});

test('a summary that OpenCode made of the conversation is not the reply', () => {
  const outcome = outcomeOf(answer(P, { finish: 'tool-calls' }, tool('completed')), user('c', compaction()), answer('c', { summary: true, finish: 'stop' }, text('So far')), user('s', text('Go on', { synthetic: true })), answer('s', { finish: 'stop' }));
  expect(outcome).toMatchObject({ status: 'completed', reply: '' });
});

test('tools without a text are work, neither is EMPTY_REPLY', () => {
  expect(outcomeOf(answer(P, { finish: 'tool-calls' }, tool('completed')), answer(P, { finish: 'stop' }))).toMatchObject({ status: 'completed', reply: '' });
  expect(outcomeOf(answer(P, { finish: 'stop' }))).toMatchObject({ status: 'failed', error: { code: 'EMPTY_REPLY' } });
});

test.each<[OpenCodeError, string]>([
  [api(401), 'AGENT_AUTH'],
  [api(403), 'AGENT_AUTH'],
  [{ name: 'ProviderAuthError', data: { providerID: 'x', message: 'no key' } }, 'AGENT_AUTH'],
  [api(429), 'AGENT_RATE_LIMITED'],
  [api(500), 'MODEL_FAILED'],
  [api(), 'MODEL_FAILED'],
  [{ name: 'ContextOverflowError', data: { message: 'full' } }, 'CONTEXT_OVERFLOW'],
  [{ name: 'UnknownError', data: { message: 'who knows' } }, 'MODEL_FAILED'],
  [{ name: 'MessageOutputLengthError', data: {} }, 'MODEL_FAILED'],
])('%j is %s, with the session in the message', (error, code) => {
  expect(failed(error)).toMatchObject({ status: 'failed', error: { code, message: expect.stringContaining(S) } });
});

test('stopped by somebody is cancelled, with what was said so far; stopped for its length is a failure', () => {
  const error: OpenCodeError = { name: 'MessageAbortedError', data: { message: 'Aborted' } };
  expect(outcomeOf(answer(P, { error }, text('I was about')))).toMatchObject({ status: 'cancelled', reply: 'I was about', error: { code: 'CANCELLED' } });
  const many = Array.from({ length: 10 }, () => answer(P, { finish: 'strange' }));
  expect(outcomeOf(...many, answer(P, { error }))).toMatchObject({ status: 'failed', error: { code: 'MODEL_FAILED' } });
});
