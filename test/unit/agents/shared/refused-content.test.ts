/** The same refusal is recognised, whatever differs from request to request. */
import { expect, test } from 'vitest';
import { refusedAs, statusIn } from '../../../../src/agents/shared/refused-content.js';

test('the place in the conversation, sizes and ids of requests make no difference', () => {
  const refused = (said: string) => refusedAs('MODEL_FAILED', 400, said);
  const first = refused('messages.3.content.1.image: 5242881 bytes > 5 MB (request req_011CQx7)');
  expect(first).toBe(refused('messages.17.content.0.image: 6000000 bytes > 5 MB\n(request req_9zZ8)'));
  expect(first).not.toBe(refused('messages.3: text content blocks must be non-empty'));
  expect(refusedAs('MODEL_FAILED', 413, '')).toBe('413');
  expect(refused('x'.repeat(5000))?.length).toBe(200);
});

test.each([
  ['a limit', 'AGENT_RATE_LIMITED', 429],
  ['a login', 'AGENT_AUTH', 401],
  ['a model that is not there', 'MODEL_UNKNOWN', 404],
  ['a full context', 'CONTEXT_OVERFLOW', 400],
  ['trouble of the provider', 'MODEL_FAILED', 500],
  ['a request that took too long', 'MODEL_FAILED', 408],
  ['no answer of a provider', 'MODEL_FAILED', undefined],
] as const)('%s is no such refusal', (_, code, status) => {
  expect(refusedAs(code, status, 'said')).toBeUndefined();
});

test.each([
  ['unexpected status 400 Bad Request: {"error"', 400],
  ['API Error: 413 too large', 413],
  ['HTTP 422', 422],
  ['500 files were read', undefined],
  ['status 500', undefined],
  ['the image has 413 pixels', undefined],
])('the status in %j is %s', (said, status) => {
  expect(statusIn(said)).toBe(status);
});
