import { describe, expect, it } from 'vitest';
import { command } from '../../../../src/cli/args/command.js';
import delegate from '../../../../src/cli/commands/delegate.js';
import { parse, splitCommand } from '../../../../src/cli/args/parse.js';
import { UsageError } from '../../../../src/cli/args/usage-error.js';

const ported = command({
  name: 'up',
  summary: 'For tests.',
  flags: { port: { kind: 'port', value: 'N', help: '' }, skill: { kind: 'list', value: 'S', help: '' } },
  args: [{ name: 'topic', required: true }],
  examples: [],
  run: () => Promise.resolve(),
});

async function refusal(words: string[], of = delegate): Promise<UsageError> {
  const error: unknown = await parse(of, words).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UsageError);
  return error as UsageError;
}

describe('a command line', () => {
  it('is read into flags and arguments, in any order', async () => {
    const read = { flags: { topic: 'auth', category: 'quick', 'no-wait': true }, args: { prompt: 'do it' } };
    expect(await parse(delegate, ['--topic', 'auth', '--category=quick', 'do it', '--no-wait'])).toEqual(read);
    expect(await parse(delegate, ['do it', '--no-wait', '--category', 'quick', '--topic=auth'])).toEqual(read);
  });

  it('takes a list flag several times', async () => {
    expect((await parse(ported, ['t', '--skill', 'a', '--skill=b'])).flags.skill).toEqual(['a', 'b']);
  });

  it('takes a prompt that looks like a flag after --', async () => {
    expect((await parse(delegate, ['--topic', 'auth', '--', '--no-verify is wrong here'])).args.prompt).toBe(
      '--no-verify is wrong here',
    );
    expect((await parse(delegate, ['--', '--help'])).args.prompt).toBe('--help');
  });

  it('takes - as an argument', async () => {
    expect((await parse(delegate, ['--topic', 'auth', '-'])).args.prompt).toBe('-');
  });

  it('takes ports, 0 among them', async () => {
    expect((await parse(ported, ['t', '--port', '0'])).flags.port).toBe(0);
  });

  it('keeps the whole value after the first =', async () => {
    expect((await parse(delegate, ['--topic=a=b', 'x'])).flags.topic).toBe('a=b');
  });
});

describe('--new', () => {
  it('stands alone', async () => {
    expect(await parse(delegate, ['--new', 'do it'])).toMatchObject({
      flags: { new: true },
      args: { prompt: 'do it' },
    });
    expect(await parse(delegate, ['do it', '--new'])).toMatchObject({
      flags: { new: true },
      args: { prompt: 'do it' },
    });
  });

  it('has a reason behind =', async () => {
    expect(await parse(delegate, ['--new=fresh eyes', 'do it'])).toMatchObject({
      flags: { new: 'fresh eyes' },
      args: { prompt: 'do it' },
    });
  });

  it('has a reason behind it, when there is a prompt besides', async () => {
    expect(await parse(delegate, ['--new', 'fresh eyes', 'do it'])).toMatchObject({
      flags: { new: 'fresh eyes' },
      args: { prompt: 'do it' },
    });
  });
});

describe('what can’t be read is refused', () => {
  it.each<[string, string[], string]>([
    ['a misspelt flag', ['--topci', 'x', 'hi'], 'continuity delegate has no flag --topci; did you mean --topic?'],
    ['a flag that is nowhere near', ['--frobnicate', 'hi'], 'continuity delegate has no flag --frobnicate.'],
    ['a short flag', ['-t', 'x'], 'continuity delegate has no flag -t.'],
    ['a flag without its value', ['hi', '--topic'], '--topic needs a value: --topic T.'],
    ['a flag whose value is another flag', ['--topic', '--json', 'hi'], '--topic needs a value: --topic T.'],
    ['a flag with an empty value', ['--topic=', 'hi'], '--topic needs a value: --topic T.'],
    ['a switch with a value', ['--no-wait=1', 'hi'], '--no-wait takes no value, got "1".'],
    [
      'a prompt that is not quoted',
      ['fix', 'the', 'bug'],
      'continuity delegate takes prompt; "the" is one too many. Put the prompt in quotes.',
    ],
  ])('%s', async (_, words, message) => {
    expect(await refusal(words)).toMatchObject({
      message,
      failure: { code: 'USAGE', fix: expect.stringContaining('See: continuity delegate --help') as string },
    });
  });

  it.each([['x'], ['-1'], ['65536'], ['1.5']])('the port %s', async (port) => {
    expect((await refusal(['t', `--port=${port}`], ported)).message).toBe(
      `--port must be a port from 0 (any free port) to 65535, got "${port}".`,
    );
  });

  it('a missing argument', async () => {
    expect((await refusal([], ported)).message).toBe('continuity up needs topic: continuity up <topic>.');
  });
});

describe('the command', () => {
  it('is the first word that is neither a flag nor its value', () => {
    expect(splitCommand(['--data-dir', 'd', '--json', 'show', 'auth'])).toEqual({
      name: 'show',
      rest: ['--data-dir', 'd', '--json', 'auth'],
    });
    expect(splitCommand(['--help'])).toEqual({ rest: ['--help'] });
  });
});
