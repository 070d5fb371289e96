/** The help texts: what the command does, its usage, examples and flags. */
import { GLOBAL_FLAGS, type Command, type Flags } from './command.js';
import type { Output } from '../terminal/output.js';
import { usageOf } from './parse.js';

export function commandHelp(command: Command, output: Output): string {
  return [
    command.summary,
    heading('Usage', output),
    `  ${usageOf(command)}${Object.keys(command.flags).length > 0 ? ' [flags]' : ''}`,
    heading('Examples', output),
    ...command.examples.flatMap(([line, does]) => [`  ${output.styled('dim', `# ${does}`)}`, `  ${line}`]),
    heading('Flags', output),
    ...flagLines({ ...command.flags, ...GLOBAL_FLAGS }),
  ].join('\n');
}

export function mainHelp(commands: Readonly<Record<string, { summary: string }>>, output: Output): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  return [
    'Durable sessions for coding agents: hand work over by topic, follow up in the same session, lose nothing.',
    heading('Usage', output),
    '  continuity <command> [flags]',
    heading('Commands', output),
    ...Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`),
    heading('First steps', output),
    '  continuity up                                               # in one terminal',
    '  continuity delegate --topic auth "Add a login endpoint"     # in another',
    '  continuity delegate --topic auth "Fix: add rate limiting"   # same session, full context',
    heading('Flags of every command', output),
    ...flagLines(GLOBAL_FLAGS),
  ].join('\n');
}

function heading(text: string, output: Output): string {
  return `\n${output.styled('bold', text)}`;
}

function flagLines(flags: Flags): string[] {
  const rows = Object.entries(flags).map(([name, { kind, value, help }]): [string, string] => {
    if (kind === 'switch') return [`--${name}`, help];
    return [kind === 'optional' ? `--${name}[=${value}]` : `--${name} ${value}`, help];
  });
  const width = Math.max(...rows.map(([flag]) => flag.length));
  return rows.map(([flag, help]) => `  ${flag.padEnd(width)}  ${help}`);
}
