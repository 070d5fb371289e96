/** What a client writes, cut in any way, as messages a line. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Lines } from '../../../src/mcp/lines.js';

async function read(chunks: readonly (Buffer | string)[]) {
  const notes: string[] = [];
  const lines = new Lines((problem) => notes.push(problem));
  let text = '';
  lines.on('data', (chunk: Buffer) => (text += chunk.toString()));
  for (const chunk of chunks) lines.write(chunk);
  lines.end();
  await new Promise((resolve) => lines.once('end', resolve));
  return { text, notes };
}

test('messages are what they were, however they arrive', async () => {
  const message = fc
    .record({ id: fc.integer(), params: fc.string({ unit: 'grapheme' }) })
    .map((one) => JSON.stringify(one));
  await fc.assert(
    fc.asyncProperty(fc.array(message), fc.integer({ min: 1, max: 20 }), async (messages, size) => {
      const bytes = Buffer.from(messages.map((one) => `${one}\n`).join(''));
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      );
      expect((await read(chunks)).text).toBe(messages.map((one) => `${one}\n`).join(''));
    }),
  );
});

test('a batch is its messages, and what is no JSON is left as it is', async () => {
  expect((await read(['[{"id":1},{"id":2}]\n[{"id":\n[]\ngarbage\r\n\n'])).text).toBe(
    '{"id":1}\n{"id":2}\n[{"id":\ngarbage\r\n\n',
  );
});

test('a line that is too long is passed over, and the next one is read', async () => {
  const huge = Array.from({ length: 10 }, () => 'x'.repeat(1024 * 1024));
  const { text, notes } = await read([...huge, '\n{"id":1}\n']);
  expect(text).toBe('{"id":1}\n');
  expect(notes).toEqual([expect.stringContaining('10485760 bytes was passed over')]);
});
