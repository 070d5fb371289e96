/** What the run in a session waits for a person to answer, as the protocol sees it. */
import { createHash } from 'node:crypto';
import type { Answer, Ask } from '../../contract/asks.js';
import { defined } from '../../contract/defined.js';
import type { SessionId } from '../../contract/ids.js';
import { Unreachable } from '../driver.js';
import { actionOf, questionsIn, textOfRequest, type Question } from './asked.js';
import type { OpenRequest, Reply } from './gate-files.js';
import type { Runs } from './runs.js';
import { toolOf } from './signals.js';

const MAX_TEXT = 2_000;
/** Of a longer text, as many characters of its end are shown. */
const TAIL = 500;

/** What the model is told of a denial without a reason. */
const DENIED = 'The person who was asked said no.';

/** Oldest first. A request with several questions has an ask for each. */
export async function asksIn(runs: Runs, session: SessionId): Promise<Ask[]> {
  // A run without a pid is being started: what is there was left by the one before.
  if (runs.of(session)?.pid === undefined) return [];
  const requests = await runs.gateOf(session).open();
  return requests.flatMap((request) =>
    partsOf(request)
      .filter(({ part }) => !request.answered.includes(part))
      .map(({ ask }) => ask),
  );
}

/** @throws Unreachable when the answer cannot be written, such as to a full disk */
export async function answerIn(runs: Runs, session: SessionId, { ask_id }: Ask, answer: Answer): Promise<void> {
  if (runs.of(session)?.pid === undefined) return;
  const files = runs.gateOf(session);
  try {
    for (const request of await files.open()) {
      const asked = partsOf(request).find(({ ask }) => ask.ask_id === ask_id);
      if (!asked) continue;
      if (answer.decision === 'always') await files.allowAlways(actionOf(request));
      await files.answer(request.name, asked.part, replyOf(answer));
    }
  } catch (error) {
    throw new Unreachable(`The answer to ${ask_id} could not be written: ${String(error)}`, { cause: error });
  }
}

/** e.g. `waits for permission: bash: npm test`. */
export function waitsFor({ kind, tool = '', text }: Ask): string {
  return kind === 'question' ? `waits for an answer: ${text}` : `waits for permission: ${toolOf(tool)}: ${text}`;
}

function replyOf({ decision, text = '' }: Answer): Reply {
  if (decision === 'reply') return { behavior: 'reply', text };
  return decision === 'deny' ? { behavior: 'deny', message: text || DENIED } : { behavior: 'allow' };
}

/** The parts of a request that are answered one by one. Pure. */
export function partsOf(request: OpenRequest): { part: number; ask: Ask }[] {
  const { name, tool_name } = request;
  const questions = questionsIn(request);
  if (questions.length > 0)
    return questions.map((question, part) => ({ part, ask: askOf(`${name}/${part + 1}`, question) }));
  return [
    {
      part: 0,
      ask: {
        ask_id: name,
        kind: 'permission',
        tool: tool_name,
        text: shown(textOfRequest(request)),
        takes: ['allow', 'always', 'deny'],
      },
    },
  ];
}

function askOf(ask_id: string, { question, header, options = [], multiSelect }: Question): Ask {
  const text = [header, question].filter(Boolean).join(': ');
  return {
    ask_id,
    kind: 'question',
    text: shown(multiSelect ? `${text} (Several can be chosen: separate them by commas.)` : text),
    options: options.map(({ label, description }) => ({
      label: shown(label),
      ...defined({ description: description && shown(description) }),
    })),
    takes: ['reply', 'deny'],
  };
}

/**
 * The text without control characters, at most 2,000 characters long. A digest stands for what is
 * left out, so that two long texts are the same only if they are.
 */
function shown(text: string): string {
  const plain = text
    .trim()
    .replace(/\s*(?:\r\n?|[\n\u2028\u2029])\s*/g, ' ⏎ ')
    .replaceAll('\t', ' ')
    .replace(INVISIBLE, (character) => `<U+${codeOf(character)}>`);
  if (plain.length <= MAX_TEXT) return plain;
  const digest = createHash('sha256').update(plain).digest('hex').slice(0, 12);
  const note = ` … ${plain.length - MAX_TEXT} characters and more are left out (${digest}) … `;
  return `${whole(plain.slice(0, MAX_TEXT - TAIL - note.length))}${note}${whole(plain.slice(-TAIL))}`;
}

/** Control characters, and those that show a text in another order than it has. */
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

const codeOf = (character: string) => character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');

/** Without the halves of characters at the two ends. */
const whole = (text: string) => text.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, '');
