/** Finds the reason in the output of a run that broke off. */
import { readFile } from 'node:fs/promises';
import { failure, type Failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';

const MAX_MESSAGE = 500;
/** Such as `[claude-code:unrecognized_model] …`. It is a note, not a reason to end. */
const NOTE = /^(\[claude-code:|Warning:)/;

/** `output`: the file of its standard output and error. */
export async function lastWordsIn(output: string, session: SessionId): Promise<Failure> {
  const text = await readFile(output, 'utf8').catch((error: Error) => error.message);
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const said =
    lines.map(errorsIn).findLast((errors) => errors !== '') ??
    lines.findLast((line) => !line.startsWith('{') && !NOTE.test(line)) ??
    'It gave no reason.';
  return failure('AGENT_CRASHED', `Claude Code broke off in session ${session}: ${said.slice(0, MAX_MESSAGE)}`);
}

/** A hook of the person's own that refuses a prompt: Claude Code then stores nothing of it, and ends well. */
const BY_HOOK = /UserPrompt\w+ operation blocked by hook:\s*([^]*?)(?:\n\nOriginal prompt:|$)/;

/** undefined: the last run in the session was not refused by a hook. */
export async function refusalByHook(output: string, session: SessionId): Promise<Failure | undefined> {
  const text = await readFile(output, 'utf8').catch(() => ''); // ENOENT: none has run here.
  const line = text.split('\n').find((one) => BY_HOOK.test(one));
  if (line === undefined) return undefined;
  const said = BY_HOOK.exec(stringsIn(line).find((one) => BY_HOOK.test(one)) ?? line)?.[1] ?? '';
  return failure(
    'MODEL_FAILED',
    `A hook of Claude Code (UserPromptSubmit) refused the prompt, and nothing was put into session ${session}: ${said.slice(0, MAX_MESSAGE)}`,
    'Change the prompt, or the hook in the settings of Claude Code. To load no settings: agents.<name>.settingSources.',
  );
}

/** All texts in a line of JSON. */
function stringsIn(line: string): string[] {
  const all: string[] = [];
  try {
    JSON.parse(line, (_key, value: unknown) => (typeof value === 'string' ? void all.push(value) : value));
  } catch {
    return []; // SyntaxError: it was cut off.
  }
  return all;
}

/** The errors in the run's result, if the line is one. */
function errorsIn(line: string): string {
  if (!line.startsWith('{"type":"result"')) return '';
  try {
    const { errors } = JSON.parse(line) as { errors?: unknown };
    return Array.isArray(errors) ? errors.filter((error) => typeof error === 'string').join('; ') : '';
  } catch {
    return ''; // SyntaxError: the line was cut off.
  }
}
