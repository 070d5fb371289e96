/**
 * Whatever bytes come, the converter answers: an exception in it fails the workflow task for ever.
 */
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isDeep, payloadConverter } from '../../../src/contract/payload-converter.js';
import { Unreadable } from '../../../src/contract/unreadable.js';
import { parsePrompt } from '../../../src/contract/parse-prompt.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const payloadOf = (encoding: string, data: Uint8Array): Payload => ({ metadata: { encoding: bytes(encoding) }, data });

test.each<[string, Payload]>([
  ['bytes that are not JSON', payloadOf('json/plain', bytes('{nonsense'))],
  ['no bytes at all', { metadata: { encoding: bytes('json/plain') } }],
  ['no metadata', {}],
  ['a protobuf', payloadOf('json/protobuf', bytes('{}'))],
  ['an encrypted payload', payloadOf('binary/encrypted', new Uint8Array([1, 2, 255]))],
  ['an encoding that is not text', { metadata: { encoding: new Uint8Array([0, 255, 10]) }, data: bytes('{}') }],
  ['JSON nested 30,000 deep', payloadOf('json/plain', bytes('['.repeat(30_000) + ']'.repeat(30_000)))],
  ['objects nested 101 deep', payloadOf('json/plain', bytes('{"a":'.repeat(101) + '1' + '}'.repeat(101)))],
])('%s are no prompt, and say why', (_, payload) => {
  const value = payloadConverter.fromPayload(payload);
  expect(value).toBeInstanceOf(Unreadable);
  expect(parsePrompt(value)).toMatchObject({
    problem: { code: 'INVALID_PROMPT', message: expect.stringContaining('payload') },
  });
});

test('every JSON value of ours is read as the default converter reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 20 }), (value) => {
      expect(payloadConverter.fromPayload(defaultPayloadConverter.toPayload(value))).toEqual(
        JSON.parse(JSON.stringify(value)),
      );
    }),
  );
});

test('any bytes under any encoding are answered', () => {
  const encoding = fc.constantFrom(
    'json/plain',
    'binary/plain',
    'binary/null',
    'json/protobuf',
    'binary/protobuf',
    'x',
  );
  fc.assert(
    fc.property(
      encoding,
      fc.uint8Array({ maxLength: 200 }),
      (name, data) => void payloadConverter.fromPayload(payloadOf(name, data)),
    ),
  );
});

test('brackets within strings are no depth', () => {
  expect(isDeep(bytes(JSON.stringify({ a: '[{'.repeat(500), b: '"\\[['.repeat(200) })))).toBe(false);
});
