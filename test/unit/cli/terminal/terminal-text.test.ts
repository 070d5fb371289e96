import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Output } from '../../../../src/cli/terminal/output.js';
import { jsonToTerminal, styledForTerminal, toTerminal } from '../../../../src/cli/terminal/terminal-text.js';

const COMMANDS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
/** Any text, with a good share of what terminals obey. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom('\u001b', '\u001b]52;c;', '\u001b[', '\u009b', '\u0007', '\r', '\u007f', '\u202e', '31m', 'x'),
      fc.string({ unit: 'binary' }),
    ),
  )
  .map((parts) => parts.join(''));

it('no text commands a terminal, however it is cut into pieces', () => {
  fc.assert(fc.property(fc.array(hostile), (pieces) => !COMMANDS.test(pieces.map(toTerminal).join(''))));
});

it('JSON for a terminal is the same document without a character that it obeys', () => {
  const held = (text: string) => jsonToTerminal(JSON.stringify([text]));
  fc.assert(
    fc.property(hostile, (text) => !COMMANDS.test(held(text)) && (JSON.parse(held(text)) as string[])[0] === text),
  );
});

it.each([
  ['what people write', 'Grüße, 你好, שלום 👩‍👩‍👧\n\tindented', 'Grüße, 你好, שלום 👩‍👩‍👧\n\tindented'],
  ['colours of others', '\u001b[31mred\u001b[0m', 'red'],
  ['a link', '\u001b]8;;https://example.com\u0007here\u001b]8;;\u0007', 'here'],
  ['line ends of Windows', 'one\r\ntwo', 'one\ntwo'],
  ['a line that overwrites itself', 'safe\rrm -rf', 'safe\nrm -rf'],
  ['a text in another order', '\u2066a\u2069', '<U+2066>a<U+2069>'],
])('%s: %j reads as %j', (_, text, read) => expect(toTerminal(text)).toBe(read));

it('of a style of ours only the style is ours', () => {
  expect(toTerminal(`${styledForTerminal('bold', 'topic \u001b[31mred')} \u001b[31mred`)).toBe(
    '\u001b[1mtopic red\u001b[22m red',
  );
});

it('a stream that is no terminal gets every byte', () => {
  let written = '';
  const pipe = { isTTY: false, write: (text: string) => (written += text) } as unknown as NodeJS.WriteStream;
  const output = new Output(false, pipe, pipe);
  output.answer({}, 'a\u001b]52;c;x\u0007');
  output.note('b\u009bc');
  output.beside.write('\r\u202e');
  expect(written).toBe('a\u001b]52;c;x\u0007\nb\u009bc\n\r\u202e');
});
