/** Shows a person what a turn waits for, and the command that ends the wait. */
import { afterDenial, askWords } from '../../client/waiting-words.js';
import type { Ask, Waiting } from '../../contract/asks.js';
import { count, oneLine, quoted, until } from './words.js';

/** A person has to see what they allow. A longer text is in the JSON. */
const SHOWN_LINES = 20;
const SHOWN_OPTIONS = 20;

/** @param now in ms since 1970 */
export function waitingLines(topic: string, waiting: Waiting, now: number): string[] {
  const name = quoted(topic);
  if (waiting.for !== 'answer') {
    const { code, message } = waiting.because;
    return [
      `${waiting.for === 'quota' ? 'The provider has a limit' : 'The agent cannot work'}: ${code}: ${oneLine(message, 200)}`,
      `It is tried again ${until(waiting.until, now)}.`,
      `Try it now: continuity retry ${name} · end the turn: continuity cancel ${name}`,
    ];
  }
  const { ask } = waiting;
  const options = ask.options ?? [];
  return [
    headOf(ask),
    ...indented(ask.text, name),
    ...options
      .slice(0, SHOWN_OPTIONS)
      .map(
        ({ label, description }, at) =>
          `  ${at + 1}. ${oneLine(label)}${description ? ` - ${oneLine(description, 120)}` : ''}`,
      ),
    ...(options.length > SHOWN_OPTIONS ? [`  … ${count(options.length - SHOWN_OPTIONS, 'more option')}`] : []),
    `Without an answer it is denied ${until(waiting.until, now)}, and ${afterDenial(ask.kind)}.`,
    `Answer: ${answerCommand(topic, ask)}`,
  ];
}

function headOf({ kind, tool, session_id }: Ask): string {
  if (kind === 'cold') return 'Before the prompt is put in:';
  if (kind === 'budget') return 'A budget is used up:';
  const by = session_id === undefined ? 'The agent' : `The sub-agent of session ${session_id}`;
  return kind === 'question'
    ? `${by} has a question:`
    : `${by} asks for permission${tool === undefined ? '' : ` to use ${oneLine(tool)}`}:`;
}

function indented(text: string, name: string): string[] {
  const lines = text.split('\n');
  const more = lines.length - SHOWN_LINES;
  return [
    ...lines.slice(0, SHOWN_LINES).map((line) => `  ${line}`),
    ...(more > 0 ? [`  … ${count(more, 'more line')}. In full: continuity show ${name} --json`] : []),
  ];
}

/** e.g. `continuity answer auth --allow | --always | --deny "why"` */
export function answerCommand(
  topic: string,
  { kind, takes, options }: Pick<Ask, 'kind' | 'takes' | 'options'>,
): string {
  const forms = [
    takes.includes('reply') &&
      (kind === 'cold'
        ? options?.map(({ label }) => label).join(' | ')
        : `"${kind === 'question' ? 'your reply' : '…'}"`),
    takes.includes('allow') && '--allow',
    takes.includes('always') && '--always',
    takes.includes('deny') && '--deny "why"',
  ];
  return `continuity answer ${quoted(topic)} ${forms.filter(Boolean).join(' | ')}`;
}

/** The same on one line, for a log. */
export function waitingNote(topic: string, waiting: Waiting, now: number): string {
  if (waiting.for !== 'answer') {
    const [what, again] = waitingLines(topic, waiting, now);
    return `Topic ${topic} waits. ${what} ${again} Try it now: continuity retry ${quoted(topic)}`;
  }
  const { ask } = waiting;
  const by = ask.session_id === undefined ? '' : ` (sub-agent ${ask.session_id})`;
  return `Topic ${topic} waits for an answer${by} to a ${sentence(askWords(ask))} Without one it is denied ${until(waiting.until, now)}. Answer: ${answerCommand(topic, ask)}`;
}

/** A question keeps its mark. */
const sentence = (text: string) => (/[.?!]$/.test(text) ? text : `${text}.`);
