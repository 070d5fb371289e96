/** Translates a person's reply to what OpenCode takes: for each question its answers. Pure. */
import type { QuestionInfo } from '@opencode-ai/sdk/v2/client';
import { labelOf } from './ask-of.js';

/**
 * `undefined` when the reply is none of the options and a question takes nothing else. OpenCode
 * 1.18.33 takes whatever is not "No" as a yes to such a question.
 */
export function answersTo(questions: readonly QuestionInfo[], reply: string): string[][] | undefined {
  const texts = questions.length > 1 ? (numbered(reply, questions.length) ?? questions.map(() => reply)) : [reply];
  const answers = questions.map((question, index) => answerTo(question, texts[index]?.trim() ?? ''));
  return answers.every((answer) => answer !== undefined) ? answers : undefined;
}

/** Every question gets the same text, if all of them take any text. */
export function sameToAll(questions: readonly QuestionInfo[], text: string): string[][] | undefined {
  return questions.some(({ custom }) => custom === false) ? undefined : questions.map(() => [text]);
}

/** e.g. `1. Yes`, `2) Postgres`. A line without a number belongs to the answer before it. */
function numbered(reply: string, count: number): string[] | undefined {
  const lines: string[][] = Array.from({ length: count }, () => []);
  let current: string[] | undefined;
  for (const line of reply.split('\n')) {
    const [, number, rest = ''] = /^\s*(\d{1,2})[.):]\s*(.*)$/.exec(line) ?? [];
    const next = number === undefined ? undefined : lines[Number(number) - 1];
    current = next ?? current;
    current?.push(next ? rest : line);
  }
  return current && lines.map((one) => one.join('\n'));
}

/** Nothing: the question stays unanswered. */
function answerTo({ options, multiple, custom }: QuestionInfo, text: string): string[] | undefined {
  const label = (part: string) => options.find((option) => isSame(labelOf(option.label), part))?.label;
  const whole = label(text);
  if (whole !== undefined) return [whole];
  const parts = text.split(/[\n,]/).flatMap((part) => part.trim() || []);
  const labels = parts.flatMap((part) => label(part) ?? []);
  if (multiple && labels.length > 0 && labels.length === parts.length) return labels;
  if (custom === false) return undefined;
  return text ? [text] : [];
}

const isSame = (one: string, other: string) => one.toLowerCase() === other.trim().toLowerCase();
