/**
 * Parses words into flags and arguments. Unknown flags are refused, because a prompt with an
 * ignored flag could go to another session.
 */
import { parseArgs } from 'node:util';
import { GLOBAL_FLAGS, type Command, type Flag, type Flags, type FlagValues, type Positional } from './command.js';
import { nearestOf } from './nearest-name.js';
import { UsageError } from './usage-error.js';

export interface Parsed {
  flags: FlagValues<Flags>;
  args: Record<string, string | string[] | undefined>;
}

/** Finds the command's name. Global flags may come before it. */
export function splitCommand(words: readonly string[]): { name?: string; rest: string[] } {
  const name = tokensOf(words, GLOBAL_FLAGS).find((token) => token.kind === 'positional');
  if (name === undefined) return { rest: [...words] };
  return { name: name.value, rest: words.toSpliced(name.index, 1) };
}

/** @throws UsageError, which names the bad word and the name that was probably meant */
export async function parse(command: Command, words: readonly string[]): Promise<Parsed> {
  const known: Flags = { ...command.flags, ...GLOBAL_FLAGS };
  const flags: FlagValues<Flags> = {};
  const tokens = tokensOf(words, known);
  const positionals = tokens.filter((token) => token.kind === 'positional');
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const flag = known[token.name];
    if (!flag || token.rawName !== `--${token.name}`)
      throw await unknownFlag(command, token.rawName, Object.keys(known));
    let value: string | number | boolean | undefined = valueOf(command, token, flag);
    if (
      flag.kind === 'optional' &&
      value === true &&
      positionals.length > command.args.length &&
      positionals[0]?.index === token.index + 1
    ) {
      // `--new "why" "prompt"` has one argument too many. The one right behind the flag is the
      // flag's value.
      value = positionals.shift()?.value;
    }
    if (flag.kind === 'list')
      flags[token.name] = [...((flags[token.name] as string[] | undefined) ?? []), String(value)];
    else if (value !== undefined) flags[token.name] = value;
  }
  if (flags.help) return { flags, args: {} };
  return {
    flags,
    args: named(
      command,
      positionals.map(({ value }) => value),
    ),
  };
}

/**
 * A dash followed by a space starts a list item. No flag looks like that, so the word is an
 * argument.
 */
const LIST_ITEM = /^-+\s/;
/**
 * Hides such a word from parseArgs, which would read it as flags. No word of a command line
 * contains a NUL.
 */
const MARK = '\0';

function tokensOf(words: readonly string[], flags: Flags) {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { kind }]) => [
      name,
      { type: kind === 'switch' || kind === 'optional' ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  const args = words.map((word) => (LIST_ITEM.test(word) ? MARK + word : word));
  return parseArgs({
    args,
    options: { ...options, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
    .tokens.map((token) =>
      token.kind === 'option' && token.rawName === '-h' ? { ...token, rawName: '--help' } : token,
    )
    .map((token) =>
      'value' in token && token.value?.startsWith(MARK) ? { ...token, value: token.value.slice(MARK.length) } : token,
    );
}

function valueOf(
  command: Command,
  token: { rawName: string; value?: string | undefined; inlineValue?: boolean | undefined },
  { kind, value: hint }: Flag,
) {
  const { rawName, value, inlineValue } = token;
  if (kind === 'switch') {
    if (value !== undefined) throw misread(command, `${rawName} takes no value, got ${JSON.stringify(value)}.`);
    return true;
  }
  if (kind === 'optional') return value === undefined || value === '' ? true : value;
  const nothing = value === undefined || value === '' || (!inlineValue && value.startsWith('-') && value !== '-');
  if (nothing) throw misread(command, `${rawName} needs a value: ${rawName} ${hint ?? 'VALUE'}.`);
  if (kind === 'port') return portOf(command, rawName, value);
  return kind === 'count' ? countOf(command, rawName, value) : value;
}

function portOf(command: Command, rawName: string, value: string): number {
  const port = /^\d+$/.test(value) ? Number(value) : NaN;
  if (!(port <= 65_535))
    throw misread(command, `${rawName} must be a port from 0 (any free port) to 65535, got ${JSON.stringify(value)}.`);
  return port;
}

function countOf(command: Command, rawName: string, value: string): number {
  if (!/^\d+$/.test(value)) throw misread(command, `${rawName} must be a whole number, got ${JSON.stringify(value)}.`);
  return Number(value);
}

function named(command: Command, values: string[]): Parsed['args'] {
  const { args } = command;
  if (values.length > args.length && !args.at(-1)?.rest) {
    const extra = JSON.stringify(values[args.length]);
    const quote = args.at(-1)?.name === 'prompt' ? ' Put the prompt in quotes.' : '';
    throw misread(
      command,
      `continuity ${command.name} takes ${args.length === 0 ? 'no argument' : args.map(({ name }) => name).join(', ')}; ${extra} is one too many.${quote}`,
    );
  }
  const missing = args[values.length];
  if (missing?.required)
    throw misread(command, `continuity ${command.name} needs ${missing.name}: ${usageOf(command)}.`);
  return Object.fromEntries(args.map(({ name, rest }, index) => [name, rest ? values.slice(index) : values[index]]));
}

export function usageOf({ name, args }: { name: string; args: readonly Positional[] }): string {
  const shown = (arg: Positional) => (arg.required ? `<${arg.name}>` : `[${arg.name}${arg.rest ? ' …' : ''}]`);
  return ['continuity', name, ...args.map(shown)].join(' ');
}

/** Arguments with text for the session. */
const FREE_TEXT = ['prompt', 'text'];

async function unknownFlag(command: Command, name: string, known: string[]): Promise<UsageError> {
  const meant = await nearestOf(name.replace(/^-+/, ''), known);
  const message = `continuity ${command.name} has no flag ${name}${meant ? `; did you mean --${meant}?` : '.'}`;
  return misread(
    command,
    message,
    FREE_TEXT.includes(command.args.at(-1)?.name ?? '') ? 'Put text that starts with - after --. ' : '',
  );
}

function misread(command: Command, message: string, hint = ''): UsageError {
  return new UsageError(message, `${hint}See: continuity ${command.name} --help`);
}
