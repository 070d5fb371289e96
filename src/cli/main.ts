/**
 * The `continuity` command. A command's module is loaded when the command is called, and the
 * modules that it needs when it runs.
 */
import { guardStreams } from '../host/streams.js';
import type { Command } from './args/command.js';
import { fail } from './terminal/fail.js';
import { commandHelp, mainHelp } from './args/help.js';
import { nearestOf } from './args/nearest-name.js';
import { Output } from './terminal/output.js';
import type { ArgValues } from './args/command.js';
import { parse, splitCommand } from './args/parse.js';
import { UsageError } from './args/usage-error.js';
import { VERSION } from './version.js';

export { exitWhenWritten } from '../host/streams.js';

interface Entry {
  summary: string;
  load: () => Promise<{ default: Command }>;
}

export const COMMANDS: Readonly<Record<string, Entry>> = {
  up: {
    summary: 'Start the development stack: Temporal, its Web UI and a worker',
    load: () => import('./commands/up.js'),
  },
  worker: { summary: 'Start a worker alone', load: () => import('./commands/worker.js') },
  delegate: {
    summary: 'Send a prompt to a topic’s session and wait for the reply',
    load: () => import('./commands/delegate.js'),
  },
  fix: { summary: 'Send “Fix: …” to a session and wait for the reply', load: () => import('./commands/fix.js') },
  also: { summary: 'Send “Also: …” to a session and wait for the reply', load: () => import('./commands/also.js') },
  show: {
    summary: 'Show a topic: its sessions, its queue, its last outcomes',
    load: () => import('./commands/show.js'),
  },
  watch: { summary: 'Follow a topic live: text, tools, queue, outcomes', load: () => import('./commands/watch.js') },
  open: { summary: 'Open a session in the agent’s own interface', load: () => import('./commands/open.js') },
  transcript: { summary: 'Print the whole conversation of a session', load: () => import('./commands/transcript.js') },
  list: { summary: 'List the topics', load: () => import('./commands/list.js') },
  sessions: {
    summary: 'List the sessions that the agents have, also those that you began yourself',
    load: () => import('./commands/sessions.js'),
  },
  outcome: { summary: 'Show the state of a prompt, and its reply', load: () => import('./commands/outcome.js') },
  answer: {
    summary: 'Answer what a turn asks: allow, deny, or reply to a question',
    load: () => import('./commands/answer.js'),
  },
  retry: {
    summary: 'Try a turn again that waits for a limit, a login or its agent',
    load: () => import('./commands/retry.js'),
  },
  usage: { summary: 'Show what topics have used: tokens and cost', load: () => import('./commands/usage.js') },
  cancel: { summary: 'Stop the running turn, or remove a queued prompt', load: () => import('./commands/cancel.js') },
  close: { summary: 'Let a topic finish its queue and end', load: () => import('./commands/close.js') },
  merge: { summary: 'Merge the git work tree of a topic', load: () => import('./commands/merge.js') },
  discard: { summary: 'Remove the git work tree of a topic', load: () => import('./commands/discard.js') },
  forget: { summary: 'Erase a topic’s memory and its runs', load: () => import('./commands/forget.js') },
  mcp: {
    summary: 'Serve delegate_task to an orchestrating agent over MCP (stdio)',
    load: () => import('./commands/mcp.js'),
  },
  trust: {
    summary: 'Allow a project’s config file to name programs and checks',
    load: () => import('./commands/trust.js'),
  },
  doctor: { summary: 'Check everything that continuity needs', load: () => import('./commands/doctor.js') },
};

/** @returns the exit code */
export async function main(words: readonly string[]): Promise<number> {
  const output = new Output(asksForJson(words));
  guardStreams();
  try {
    return await run(words, output);
  } catch (error) {
    return fail(error, output);
  }
}

async function run(words: readonly string[], output: Output): Promise<number> {
  const { name, rest } = splitCommand(words);
  if (name === undefined) return withoutCommand(words, output);
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!entry) throw await unknownCommand(name);
  const { default: command } = await entry.load();
  const { flags, args } = await parse(command, rest);
  if (flags.help) {
    output.answer({ help: commandHelp(command, output) }, commandHelp(command, output));
    return 0;
  }
  if (typeof flags['data-dir'] === 'string') flags['data-dir'] = (await placeOf()).fromHere(flags['data-dir']);
  if (typeof flags.cwd === 'string') await goTo(flags.cwd);
  else (await placeOf()).workingDirectory(); // Every command needs a working directory.
  return (await command.run({ flags, args: args as ArgValues<typeof command.args>, output })) ?? 0;
}

function withoutCommand(words: readonly string[], output: Output): number {
  if (words.includes('--version') || words.includes('-v')) {
    output.answer({ version: VERSION }, VERSION);
    return 0;
  }
  const wrong = words.find((word) => word.startsWith('-') && !/^(-h|--help|--json)$/.test(word));
  if (wrong) throw new UsageError(`continuity has no flag ${wrong} without a command.`, 'See: continuity --help');
  const help = mainHelp(COMMANDS, output);
  if (words.some((word) => /^(-h|--help)$/.test(word))) {
    output.answer({ help }, help);
    return 0;
  }
  throw new UsageError(
    'continuity needs a command.',
    `One of: ${Object.keys(COMMANDS).join(', ')}. See: continuity --help`,
  );
}

async function unknownCommand(name: string): Promise<UsageError> {
  const meant = await nearestOf(name, Object.keys(COMMANDS));
  return new UsageError(
    `continuity has no command ${JSON.stringify(name)}${meant ? `; did you mean ${meant}?` : '.'}`,
    'See: continuity --help',
  );
}

const placeOf = () => import('../host/working-directory.js');

async function goTo(cwd: string): Promise<void> {
  try {
    process.chdir((await placeOf()).fromHere(cwd));
  } catch (cause) {
    const [{ Failed }, { cwdMissing }] = await Promise.all([import('../contract/failures.js'), placeOf()]);
    if (cause instanceof Failed) throw cause;
    const why =
      (cause as NodeJS.ErrnoException).code === 'ENOENT'
        ? 'does not exist'
        : `can't be entered: ${(cause as Error).message}`;
    throw new Failed(cwdMissing(cwd, why), { cause });
  }
}

/** Found before the words are parsed, so that a parse error is printed as JSON, too. */
function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return (end < 0 ? words : words.slice(0, end)).includes('--json');
}
