import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StdoutMessages } from '../../../../src/agents/acp/stdout-messages.js';

const message = (id: number, text: string) => ({ jsonrpc: '2.0' as const, id, result: { text } });
const lineOf = (value: object) => `${JSON.stringify(value)}\n`;

test('messages are whole whatever the pieces are in which they come, also in the middle of a character', () => {
  const sent = [message(1, 'grüße'), message(2, '🙂\u2028 two lines'), message(3, 'x'.repeat(5000))];
  const bytes = Buffer.from(sent.map(lineOf).join(''));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }), (sizes) => {
      const messages = new StdoutMessages(() => undefined);
      const got: unknown[] = [];
      for (let at = 0, next = 0; at < bytes.length; next++) {
        const size = sizes[next % sizes.length] ?? 1;
        got.push(...messages.push(bytes.subarray(at, at + size)));
        at += size;
      }
      expect(got).toEqual(sent);
    }),
  );
});

test('what is no message is passed over and told, and the messages around it are not lost', () => {
  const passedOver: string[] = [];
  const messages = new StdoutMessages((line) => passedOver.push(line));
  const text = `Loading…\n${lineOf(message(1, 'a'))}\n  \n{ half\n[1, 2]\n{"level":"info"}\n${lineOf(message(2, 'b'))}`;
  expect(messages.push(Buffer.from(text))).toEqual([message(1, 'a'), message(2, 'b')]);
  expect(passedOver).toEqual(['Loading…', '{ half', '[1, 2]', '{"level":"info"}']);
});

test('a line without an end is a message once the output ends', () => {
  const messages = new StdoutMessages(() => undefined);
  expect(messages.push(Buffer.from(JSON.stringify(message(1, 'a'))))).toEqual([]);
  expect(messages.end()).toEqual([message(1, 'a')]);
  expect(messages.end()).toEqual([]);
});

test('a line that is too long is dropped and told, and the next one is read', () => {
  const passedOver: string[] = [];
  const messages = new StdoutMessages((line) => passedOver.push(line), 1000);
  expect(messages.push(Buffer.from(lineOf(message(1, 'x'.repeat(2000))) + lineOf(message(2, 'b'))))).toEqual([
    message(2, 'b'),
  ]);
  expect(passedOver).toEqual([expect.stringMatching(/^a line of 2\d{3} bytes$/)]);
});
