/**
 * The fields of the contract on every surface, and its refusals: `npm run docs:contract` writes
 * docs/contract.md. What a field takes and how it is refused is asked of the contract. Which surface
 * has it is read from the library's types, the flags of the commands, and the inputs of the tools.
 */
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import type * as z from 'zod';
import answerCommand from '../src/cli/commands/answer.js';
import cancelCommand from '../src/cli/commands/cancel.js';
import closeCommand from '../src/cli/commands/close.js';
import delegateCommand from '../src/cli/commands/delegate.js';
import type { Command } from '../src/cli/args/command.js';
import { FAILURES } from '../src/contract/failures.js';
import { parseAnswer } from '../src/contract/parse-answer.js';
import { parsePrompt, promptFields } from '../src/contract/parse-prompt.js';
import { answerInput, cancelInput, delegateInput } from '../src/mcp/schemas.js';

export const MADE_BY = 'npm run docs:contract';

/** Flags with another name than the field's in kebab case. */
const FLAGS_OF: Readonly<Record<string, readonly string[]>> = {
  prompt_id: ['id'],
  session_id: ['session'],
  fork: ['fork', 'as', 'at'],
  session: ['new'],
  reason: ['new'],
  when: ['next', 'interrupt'],
  skills: ['skill'],
  checks: ['check', 'check-timeout'],
  limits: ['max-cost', 'max-tokens', 'max-steps'],
  wait: ['no-wait'],
  decision: ['allow', 'always', 'deny'],
  ask_id: ['ask'],
};
/** Words of a command that are no flags. */
const WORDS_OF: Readonly<Record<string, string>> = { prompt: '<prompt>', text: '[text]' };
/** Flags and arguments that are not in the payload: they say which topic, and how to wait. */
const AROUND: readonly string[] = ['topic', 'wait_seconds', 'session_id', 'prompt_id', 'cwd'];
/** The client adds them. */
const ADDED: Readonly<Record<string, string>> = {
  host: 'the host of the caller, with `adopt`',
  default_cwd: "the caller's directory",
  project: "the caller's project",
  checks_proof: 'for callers on the host of the session',
  notify_proof: 'for callers on the host of the session',
  close_after: 'where no topic is named, from the config',
};

interface Surfaces {
  library: readonly string[];
  command: Command;
  tool?: z.ZodObject;
  signal: string;
}

export function contractTable(): string {
  const prompt = {
    library: [...membersOf('client/prompt-of.ts', 'PromptOptions'), 'prompt'],
    command: delegateCommand,
    tool: delegateInput,
    signal: 'prompt',
  };
  mustBeKnown(prompt, Object.keys(promptFields()));
  const answer = {
    library: [...membersOf('contract/asks.ts', 'Answer'), ...membersOf('contract/asks.ts', 'AnswerRequest')],
    command: answerCommand,
    tool: answerInput,
    signal: 'answer',
  };
  const [cancel, close] = [
    membersOf('contract/messages.ts', 'CancelRequest'),
    membersOf('contract/messages.ts', 'CloseRequest'),
  ];
  return [
    '# The contract on every surface',
    `Made by \`${MADE_BY}\` from the code. A test compares it.`,
    'A payload is JSON with these fields, whatever sends it. A field that is not in a table is refused, and so is a value of another kind: nothing is guessed. `null` is an absent field.',
    '## A prompt',
    'The update and the signal `prompt`. What the client adds is not said by its caller.',
    promptTable(prompt),
    '## An answer to an ask',
    'The update and the signal `answer`.',
    fieldTable(answer, answer.library, refusedAnswer),
    '## A cancel',
    'The update `cancel`; there is no signal. Without `prompt_id` it stops the running turn.',
    fieldTable({ library: cancel, command: cancelCommand, tool: cancelInput, signal: '' }, cancel),
    '## A close',
    'The update `close`; there is no signal, and no tool over MCP. `temporal workflow cancel` is a close with `now`.',
    fieldTable({ library: close, command: closeCommand, signal: '' }, close),
    '## Refusals and failures',
    refusals(),
  ].join('\n\n');
}

function promptTable(surfaces: Surfaces): string {
  const fields = promptFields();
  return fieldTable(surfaces, Object.keys(fields), refusedPrompt, (name) => fields[name as keyof typeof fields]);
}

function fieldTable(
  { library, command, tool, signal }: Surfaces,
  names: readonly string[],
  refused: (name: string) => string = () => 'INVALID_PROMPT',
  takes?: (name: string) => string,
): string {
  const inTool = Object.keys(tool?.shape ?? {});
  const rows = names.map((name) => [
    `\`${name}\``,
    ...(takes ? [takes(name)] : []),
    library.includes(name) ? `\`${name}\`` : (ADDED[name] ?? '–'),
    onCommandLine(name, command),
    inTool.includes(name) ? `\`${name}\`` : '–',
    signal === '' ? 'no' : 'yes',
    `\`${refused(name)}\``,
  ]);
  const head = [
    'field',
    ...(takes ? ['takes'] : []),
    'library',
    `continuity ${command.name}`,
    'MCP',
    'signal',
    'refused as',
  ];
  return tableOf(head, rows);
}

function onCommandLine(name: string, { flags, args }: Command): string {
  const own = [...(FLAGS_OF[name] ?? []), name.replaceAll('_', '-')].filter((flag) => flag in flags);
  // Where two fields share a flag's name, the table of names decides: --session is session_id.
  const shown = own.filter(
    (flag) =>
      !Object.entries(FLAGS_OF).some(
        ([other, its]) => other !== name && its.includes(flag) && !FLAGS_OF[name]?.includes(flag),
      ),
  );
  if (shown.length > 0) return shown.map((flag) => `\`--${flag}\``).join(', ');
  if (args.some((arg) => arg.name === name)) return `\`${WORDS_OF[name] ?? `[${name}]`}\``;
  return name === 'cwd' ? '`--cwd`' : '–';
}

/** @throws for a flag or an argument that no field has: say in this file what it is */
function mustBeKnown({ command, tool, library }: Surfaces, fields: readonly string[]): void {
  const flags = fields.flatMap((name) => [...(FLAGS_OF[name] ?? []), name.replaceAll('_', '-')]);
  const unknown = [
    ...Object.keys(command.flags)
      .filter((flag) => !flags.includes(flag) && !AROUND.includes(flag))
      .map((flag) => `--${flag}`),
    ...Object.keys(tool?.shape ?? {}).filter((name) => !fields.includes(name) && !AROUND.includes(name)),
    ...library.filter((name) => !fields.includes(name)),
  ];
  if (unknown.length > 0)
    throw new Error(
      `scripts/contract-table.ts does not know which field is meant by: ${unknown.join(', ')}. Add it to FLAGS_OF or AROUND.`,
    );
}

function refusedPrompt(name: string): string {
  const parsed = parsePrompt({ prompt: 'x', [name]: Number.NaN });
  return 'problem' in parsed ? parsed.problem.code : 'not refused';
}

function refusedAnswer(name: string): string {
  const parsed = parseAnswer({ decision: 'allow', [name]: Number.NaN });
  return 'problem' in parsed ? parsed.problem.code : 'not refused';
}

function refusals(): string {
  const rows = Object.entries(FAILURES).map(([code, { exit, retryable }]) => [
    `[\`${code}\`](failures.md#${code.toLowerCase()})`,
    `${exit}`,
    retryable ? 'yes' : 'no',
  ]);
  return [
    'The code is the same everywhere. How each surface tells it:',
    tableOf(
      ['surface', 'a refusal', 'a failed or cancelled turn'],
      [
        [
          'library',
          'throws `SessionError` with `code`, `message`, `fix`, and `topic`, `prompt_id` where they are known',
          'a result with `status` and `error`',
        ],
        [
          'command',
          'the message and the fix on stderr, `{"error": …}` with `--json`; its exit code',
          'the same, after the reply',
        ],
        [
          'MCP',
          '`isError`, the text begins with the code; `_meta["continuity/answer"].error`; `status: error`, or `accepted` where the prompt is accepted (`NO_WORKER`)',
          '`isError`, with `status: failed` or `cancelled` and the reply',
        ],
        [
          'update',
          'an `ApplicationFailure` whose type is the code, with the failure as detail',
          'the result of the update',
        ],
        [
          'signal',
          'noted: `refused` of the view, and `state: refused` of the outcome query for its `prompt_id`',
          'the outcome query',
        ],
      ],
    ),
    tableOf(['code', 'exit code', 'can succeed later, unchanged'], rows),
  ].join('\n\n');
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The names in an interface of src, without those that it extends. */
function membersOf(file: string, name: string): string[] {
  const path = new URL(`../src/${file}`, import.meta.url);
  const source = ts.createSourceFile(file, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest);
  const found = source.statements.find((one) => ts.isInterfaceDeclaration(one) && one.name.text === name);
  if (!found || !ts.isInterfaceDeclaration(found)) throw new Error(`src/${file} has no interface ${name}.`);
  return found.members.flatMap((member) => (member.name && ts.isIdentifier(member.name) ? [member.name.text] : []));
}
