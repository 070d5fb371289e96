/**
 * The answers of the tools: JSON for programs, and text for models. The text ends with the ids that
 * the next call needs.
 */
import type { CallToolResult } from '@modelcontextprotocol/server';
import { toldOf } from '../client/told.js';
import { askedWords, askWords, waitingWords } from '../client/waiting-words.js';
import type { ReplyPage } from '../contract/answers.js';
import type { Waiting } from '../contract/asks.js';
import { choiceWords } from '../contract/choice-words.js';
import { defined } from '../contract/defined.js';
import { failure } from '../contract/failures.js';
import type { SessionId } from '../contract/ids.js';
import type { Accepted, TurnResult } from '../contract/types.js';

/** An accepted prompt. Its state is set when it is known. */
export interface Pending extends Accepted {
  state?: 'queued' | 'running';
  position?: number;
  turn?: number;
  session_id?: SessionId | null;
  /** What the running turn waits for. */
  waiting_for?: Waiting;
}

interface Metadata {
  session_id?: string | null;
  topic?: string;
  prompt_id?: string | null;
  status: string;
}

export function resultAnswer(result: TurnResult): CallToolResult {
  const { status, reply, session, asks = [] } = result;
  const error =
    result.error ??
    (status === 'cancelled' ? failure('CANCELLED', `Prompt ${result.prompt_id} was cancelled.`) : undefined);
  const failed = result.checks?.rounds.at(-1)?.ran.find((run) => !run.passed);
  const notes = [
    reply,
    failed?.output && `${failed.run}:\n${failed.output}`,
    result.reply_truncated &&
      'The reply was cut here. To read all that the task said, call session_outcome with page 1.',
    error && problem(error),
    asks.length > 0 && `Asked: ${asks.map(askedWords).join('; ')}.`,
    (session.reason ?? session.changed) !== undefined && `Session: ${choiceWords(session)}.`,
  ];
  return answer({ ...result, ...defined({ error }) }, [...notes, metadata(result)], status !== 'completed');
}

/** A long text goes on in the next page. */
export function pageAnswer({ page, pages, ...said }: ReplyPage): CallToolResult {
  const texts = said.parts.map(({ text }) => text);
  return answer({ page, pages, ...said }, [...texts, `(page ${page} of ${pages})`]);
}

export function pendingAnswer(pending: Pending): CallToolResult {
  const { state, position, turn, waiting_for: waiting } = pending;
  const how =
    state === 'queued'
      ? `It is queued at position ${position}.`
      : state === 'running' && !waiting
        ? `The agent works on it (turn ${turn}).`
        : '';
  return answer(pending, [
    waiting?.for === 'answer'
      ? 'The prompt is accepted, and its turn asks something.'
      : `The prompt is accepted and goes on by itself. ${how}`.trim(),
    waiting && howToEnd(waiting),
    'To get its reply, call session_outcome with this topic and prompt_id. Do not delegate it again.',
    metadata(pending),
  ]);
}

/** What the turn waits for, and the call that ends the wait. */
function howToEnd(waiting: Waiting): string {
  if (waiting.for !== 'answer')
    return `The turn ${waitingWords(waiting)}: ${waiting.because.message} It is tried again at ${waiting.until}. To try it now, call session_answer with decision "retry".`;
  const { ask, until } = waiting;
  const takes = ask.takes.map((one) => `"${one}"`).join(', ');
  return [
    `It waits for an answer to a ${askWords(ask, 1000)}`,
    `To answer, call session_answer with this topic, ask_id "${ask.ask_id}" and decision ${takes}. If it is not for you to decide, ask the person first. Without an answer it is denied at ${until}, and the turn goes on.`,
  ].join('\n');
}

/** The answer repeats the ids of the call, so that the call can be made again. */
export function refusalAnswer(cause: unknown, known: { topic?: string; prompt_id?: string } = {}): CallToolResult {
  const told = { ...known, ...toldOf(cause) };
  const status = told.error.code === 'NO_WORKER' && told.prompt_id !== undefined ? 'accepted' : 'error';
  return answer({ ...told, status }, [problem(told.error), metadata({ ...told, status })], true);
}

/** For lists and facts. The text is the JSON, too. */
export function factsAnswer(facts: object, about?: Metadata): CallToolResult {
  return answer(facts, [JSON.stringify(facts, null, 1), about && metadata(about)]);
}

function answer(structured: object, parts: (string | false | undefined)[], isError = false): CallToolResult {
  const text = parts.filter(Boolean).join('\n\n');
  return { content: [{ type: 'text', text }], structuredContent: { ...structured }, ...(isError && { isError }) };
}

function problem({ code, message, fix }: { code: string; message: string; fix: string }): string {
  return `${code}: ${message}\n${fix}`;
}

function metadata(ids: Metadata): string {
  const lines = (['session_id', 'topic', 'prompt_id', 'status'] as const).flatMap((name) =>
    ids[name] == null ? [] : [`${name}: ${ids[name]}`],
  );
  return ['<task_metadata>', ...lines, '</task_metadata>'].join('\n');
}
