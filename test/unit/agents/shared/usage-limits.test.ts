import { expect, test } from 'vitest';
import { isUsageLimit, resetOf } from '../../../../src/agents/shared/usage-limits.js';

test.each([
  [402, 'Payment required', true],
  [429, 'Too many requests', true],
  [529, 'Overloaded', true],
  [400, 'You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.', true],
  [400, 'Your credit balance is too low to access the Anthropic API.', true],
  [401, '{"type":"error","error":{"type":"CreditsError","message":"Insufficient balance."}}', true],
  [403, 'Key limit exceeded (monthly limit). Manage it using https://openrouter.ai/settings/keys', true],
  [403, 'Usage limit reached for this workspace', true],
  [undefined, 'You exceeded your current quota, please check your plan and billing details.', true],
  [undefined, 'You’ve hit your usage limit. Try again later.', true],
  [undefined, '{"error":{"type":"usage_limit_reached","resets_in_seconds":3600}}', true],
  [undefined, 'Quota exceeded. Check your plan and billing details.', true],
  [400, 'prompt is too long: 210000 tokens > 200000 maximum', false],
  [400, "This model's maximum context length is 1000 tokens.", false],
  [400, 'max_tokens exceeded the limit of the model', false],
  [401, 'invalid x-api-key', false],
  [500, 'quota exceeded in a worker of the provider', false],
  [undefined, 'Unable to connect. Is the computer able to access the url?', false],
])('a refusal with status %s that says %j: a usage limit is %s', (status, said, is) => {
  expect(isUsageLimit(status, [said])).toBe(is);
});

const at = Date.parse('2026-11-29T12:00:00Z');
test.each<[string, { headers?: Record<string, unknown>; said?: string }, string | undefined]>([
  ['Retry-After in seconds', { headers: { 'retry-after': '7200' } }, '2026-11-29T14:00:00.000Z'],
  [
    'Retry-After as a date',
    { headers: { 'retry-after': 'Mon, 30 Nov 2026 00:00:00 GMT' } },
    '2026-11-30T00:00:00.000Z',
  ],
  ['its milliseconds', { headers: { 'retry-after-ms': '1500' } }, '2026-11-29T12:00:01.500Z'],
  [
    "a subscription's reset",
    { headers: { 'anthropic-ratelimit-unified-reset': '1795967969', 'retry-after': '30' } },
    '2026-11-29T15:59:29.000Z',
  ],
  [
    'the body of a plan',
    { said: '{"error":{"resets_at": 1795967969, "resets_in_seconds": 5}}' },
    '2026-11-29T15:59:29.000Z',
  ],
  ['its seconds', { said: '{"error":{"resets_in_seconds":60}}' }, '2026-11-29T12:01:00.000Z'],
  ['the words', { said: 'You will regain access on 2026-12-01 at 00:00 UTC.' }, '2026-12-01T00:00:00.000Z'],
  ['no time', { said: 'Try again later.', headers: { date: 'Sun, 29 Nov 2026 13:02:41 GMT' } }, undefined],
  ['a time that is none', { headers: { 'retry-after': 'soon' }, said: '"resets_at": 99999999999999999999' }, undefined],
])('the reset is read from %s', (_from, { said = '', headers }, reset) => {
  expect(resetOf({ at, said: [said], headers })).toBe(reset);
});
