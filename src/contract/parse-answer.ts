/** Checks the payload of the `answer` update and signal inside the workflow. */
import { DECISIONS, type AnswerRequest, type Ask, type Decision } from './asks.js';
import { amountIn, amountWords, type ReachedBudget } from './budget.js';
import { failure, type Failure } from './failures.js';
import { MAX_ANSWER_BYTES } from './limits.js';
import { isObject } from './is-object.js';
import { utf8Length } from './text.js';

const FIELDS = ['decision', 'text', 'ask_id'];

/** A well-formed answer, or the reason why it is not one. A bare string is a decision, or a reply. */
export function parseAnswer(payload: unknown): { request: AnswerRequest } | { problem: Failure } {
  const fields = typeof payload === 'string' ? fromText(payload) : payload;
  if (!isObject(fields)) return invalid('An answer must be an object with a field "decision", or a string.');
  const unknown = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined)
    return invalid(`Field "${unknown.slice(0, 80)}" is not a field of an answer. It takes: ${FIELDS.join(', ')}.`);
  const { decision, text, ask_id } = fields;
  if (!DECISIONS.includes(decision as Decision))
    return invalid(`Field "decision" must be one of ${DECISIONS.map((one) => `"${one}"`).join(', ')}.`);
  if (text !== undefined && text !== null && (typeof text !== 'string' || utf8Length(text) > MAX_ANSWER_BYTES))
    return invalid(`Field "text" must be text of at most ${MAX_ANSWER_BYTES} bytes.`);
  if (ask_id !== undefined && ask_id !== null && typeof ask_id !== 'string')
    return invalid('Field "ask_id" must be text.');
  if (decision === 'reply' && (typeof text !== 'string' || text.trim() === ''))
    return invalid('A reply needs a field "text".');
  return {
    request: {
      decision: decision as Decision,
      ...(typeof text === 'string' && text.trim() !== '' && { text }),
      ...(typeof ask_id === 'string' && { ask_id }),
    },
  };
}

/** Why the open ask does not take the answer. */
export function refusalOfAnswer(ask: Ask, { decision, text, ask_id }: AnswerRequest): Failure | undefined {
  if (ask_id !== undefined && ask_id !== ask.ask_id)
    return failure('ASK_UNKNOWN', `Ask ${ask_id.slice(0, 200)} is not open any more. Ask ${ask.ask_id} is.`);
  if (ask.takes.includes(decision)) return decision === 'reply' ? badReply(ask, text) : undefined;
  return failure(
    'INVALID_ANSWER',
    `The ${ask.kind === 'cold' ? 'ask' : ask.kind} takes ${ask.takes.map((one) => `"${one}"`).join(', ')}, not "${decision}".`,
  );
}

function badReply({ budget, kind, options = [] }: Ask, text: string | undefined): Failure | undefined {
  if (budget) return tooLittle(budget, text);
  const labels = options.map(({ label }) => label);
  if (kind !== 'cold' || labels.includes(text?.trim() ?? '')) return undefined;
  return failure('INVALID_ANSWER', `The reply must be one of ${labels.map((one) => `"${one}"`).join(', ')}.`);
}

/** Why the text is no new limit. */
function tooLittle(budget: ReachedBudget, text: string | undefined): Failure | undefined {
  const limit = amountIn(text);
  if (limit !== undefined && limit > budget.used) return undefined;
  const used = amountWords(budget.name, budget.used);
  return failure('INVALID_ANSWER', `The new limit must be a number above what is used, which is ${used}.`);
}

function fromText(text: string): object {
  return DECISIONS.includes(text as Decision) && text !== 'reply' ? { decision: text } : { decision: 'reply', text };
}

function invalid(message: string): { problem: Failure } {
  return { problem: failure('INVALID_ANSWER', message) };
}
