/**
 * The answers of the tools: text for models, which ends with the ids that the next call needs, and
 * facts for programs in `_meta`. There is no `structuredContent`. If it is present, Claude Code and Codex
 * show a model nothing else, and OpenCode shows only the text. So the reply would have to be in both.
 */
import type { CallToolResult } from '@modelcontextprotocol/server';
import { toldOf } from '../client/told.js';
import { afterDenial, askedWords, askWords, waitingWords } from '../client/waiting-words.js';
import { workspaceLines, worktreeLines } from '../client/workspace-words.js';
import type { ReplyPage } from '../contract/answers.js';
import type { Waiting } from '../contract/asks.js';
import { choiceWords } from '../contract/choice-words.js';
import { defined } from '../contract/defined.js';
import { failure } from '../contract/failures.js';
import { sessionError } from '../client/session-error.js';
import type { SessionId } from '../contract/ids.js';
import type { Accepted, PromptState, TurnResult } from '../contract/types.js';
import { endWithin, roomOf, WHOLE_ANSWER, type Room } from './tokens.js';

/** The key of the facts in `_meta`. */
const FACTS = 'continuity/answer';

/** An accepted prompt. Its state is set when it is known. */
export interface Pending extends Accepted {
  state?: 'queued' | 'running';
  position?: number;
  /** It waits for a warm session. */
  runs_by?: string;
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

/** The text begins with the characters from `from` to `to` of a text that has `of`. */
interface Shown {
  from: number;
  to: number;
  of: number;
}

export interface Showing {
  /** The first character of the reply that is shown. */
  offset?: number;
  /** The room for the whole answer. */
  room?: Room;
}

/** @throws SessionError INVALID_PROMPT for an offset beyond the end */
export function resultAnswer(result: TurnResult, { offset = 0, room = WHOLE_ANSWER }: Showing = {}): CallToolResult {
  const { reply, reply_parts: _, ...facts } = result;
  const { status, session, asks = [] } = facts;
  const error =
    facts.error ??
    (status === 'cancelled' ? failure('CANCELLED', `Prompt ${result.prompt_id} was cancelled.`) : undefined);
  const failed = facts.checks?.rounds.at(-1)?.ran.find((run) => !run.passed);
  const notes = [
    failed?.output && `${failed.run}:\n${failed.output}`,
    error && problem(error),
    [...worktreeLines(result), ...workspaceLines(result)].join('\n'),
    asks.length > 0 && `Asked: ${asks.map(askedWords).join('; ')}.`,
    (session.reason ?? session.changed) !== undefined && `Session: ${choiceWords(session)}.`,
  ];
  const rest = [...notes.map((note) => note && cutNote(note, room)), metadata(result)];
  const { text, shown } = cut(reply, offset, roomBeside(rest, room));
  const goesOn = [
    shown.to < shown.of && goesOnAt(shown, 'reply', ''),
    shown.to === shown.of &&
      facts.reply_truncated &&
      'The reply was cut here. To read all that the task said, call session_outcome with page 1.',
  ];
  return answer({ ...facts, ...defined({ error }), shown }, [text, ...goesOn, ...rest], status !== 'completed');
}

/**
 * A long text goes on in the next page.
 *
 * @throws SessionError INVALID_PROMPT for a page or an offset beyond the end
 */
export function pageAnswer(
  { page, pages, parts, session_id }: ReplyPage,
  { offset = 0 }: Showing = {},
): CallToolResult {
  if (page > pages) throw sessionError('INVALID_PROMPT', `Field "page" must be at most ${pages}, the last page.`);
  const whole = parts.map(({ text }) => text).join('\n\n');
  const where = `(page ${page} of ${pages})`;
  const { text, shown } = cut(whole, offset, roomBeside([where], WHOLE_ANSWER));
  return answer({ page, pages, session_id, shown }, [
    text,
    shown.to < shown.of && goesOnAt(shown, 'page', ` page ${page} and`),
    where,
  ]);
}

function cut(whole: string, offset: number, room: Room): { text: string; shown: Shown } {
  if (offset > 0 && offset >= whole.length)
    throw sessionError('INVALID_PROMPT', `Field "offset" must be below ${whole.length}, the length of the text.`);
  const from = isInPair(whole, offset) ? offset - 1 : offset;
  const one = String.fromCodePoint(whole.codePointAt(from) ?? 0).length;
  const to = Math.max(endWithin(whole, from, room), Math.min(from + one, whole.length)); // It always goes on.
  return { text: whole.slice(from, to), shown: { from, to, of: whole.length } };
}

const isInPair = (text: string, at: number) => at > 0 && (text.codePointAt(at - 1) ?? 0) > 0xffff;

function goesOnAt({ to, of }: Shown, what: 'reply' | 'page', also: string): string {
  return `The ${what} goes on: ${of - to} of its ${of} characters are left. To read on, call session_outcome with this topic, prompt_id,${also} offset ${to}.`;
}

/** Room for the sentences that say how to read on, and that a call attached. */
const TO_READ_ON: Room = { tokens: 250, bytes: 800, lines: 8 };

function roomBeside(rest: readonly (string | false | undefined)[], room: Room): Room {
  const taken = roomOf(rest.filter(Boolean).join('\n\n'));
  const left = (name: keyof Room) => room[name] - taken[name] - TO_READ_ON[name];
  return { tokens: left('tokens'), bytes: left('bytes'), lines: left('lines') };
}

/** Four notes and the reply share the room. */
function cutNote(note: string, { tokens, bytes, lines }: Room): string {
  const end = endWithin(note, 0, { tokens: tokens / 8, bytes: bytes / 8, lines: lines / 8 });
  return end < note.length ? `${note.slice(0, end)}…` : note;
}

export function pendingAnswer(pending: Pending): CallToolResult {
  const { state, position, turn, runs_by, waiting_for: waiting } = pending;
  const how =
    state === 'queued'
      ? runs_by === undefined
        ? `It is queued at position ${position}.`
        : `It is queued until its session is warm, at latest ${runs_by}.`
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

/** Undefined when the state has no outcome and will have none. */
export function stateAnswer(
  accepted: Accepted,
  state: PromptState | undefined,
  showing: Showing = {},
): CallToolResult | undefined {
  if (state?.state === 'ended') return state.outcome && resultAnswer(state.outcome, showing);
  if (state?.state === 'queued') return pendingAnswer({ ...state, ...accepted });
  if (state?.state === 'running') {
    const { waiting, ...running } = state;
    return pendingAnswer({ ...running, ...accepted, ...defined({ waiting_for: waiting }) });
  }
  return undefined;
}

/** What the turn waits for, and the call that ends the wait. */
function howToEnd(waiting: Waiting): string {
  if (waiting.for !== 'answer')
    return `The turn ${waitingWords(waiting)}: ${waiting.because.message} It is tried again at ${waiting.until}. To try it now, call session_answer with decision "retry".`;
  const { ask, until } = waiting;
  const takes = ask.takes.map((one) => `"${one}"`).join(', ');
  return [
    `It waits for an answer to a ${askWords(ask, 1000)}`,
    `To answer, call session_answer with this topic, ask_id "${ask.ask_id}" and decision ${takes}. If it is not for you to decide, ask the person first. Without an answer it is denied at ${until}, and ${afterDenial(ask.kind)}.`,
  ].join('\n');
}

/** The answer repeats the ids of the call, so that the call can be made again. */
export function refusalAnswer(cause: unknown, known: { topic?: string; prompt_id?: string } = {}): CallToolResult {
  const told = { ...known, ...toldOf(cause) };
  const status = told.error.code === 'NO_WORKER' && told.prompt_id !== undefined ? 'accepted' : 'error';
  return answer({ ...told, status }, [problem(told.error), metadata({ ...told, status })], true);
}

/** For lists and facts. */
export function factsAnswer(facts: object, about?: Metadata): CallToolResult {
  return answer(facts, [JSON.stringify(facts, null, 1), about && metadata(about)]);
}

export function answer(facts: object, parts: readonly (string | false | undefined)[], isError = false): CallToolResult {
  const text = parts.filter(Boolean).join('\n\n');
  return { content: [{ type: 'text', text }], _meta: { [FACTS]: facts }, ...(isError && { isError }) };
}

/** The facts of an answer, as `answer` has put them there. */
export function factsOf({ _meta }: CallToolResult): { status?: string; error?: { code: string } } & object {
  return _meta?.[FACTS] ?? {};
}

/** The text of an answer. */
export function textOf({ content: [block] }: CallToolResult): string {
  return block?.type === 'text' ? block.text : '';
}

/** The answer to a call that attached to an earlier one. The text still begins with the reply. */
export function attachedAnswer(said: CallToolResult): CallToolResult {
  const text = textOf(said);
  const ids = text.lastIndexOf('<task_metadata>');
  return answer(
    { ...factsOf(said), attached: true },
    [text.slice(0, ids).trimEnd(), ATTACHED, text.slice(ids)],
    said.isError,
  );
}

const ATTACHED =
  'Attached: the same call was made before, and you had no answer to it. This is about that task; it was not handed over twice. To have it done once more, call again with a prompt_id that you make up.';

export function problem({ code, message, fix }: { code: string; message: string; fix: string }): string {
  return `${code}: ${message}\n${fix}`;
}

function metadata(ids: Metadata): string {
  const lines = (['session_id', 'topic', 'prompt_id', 'status'] as const).flatMap((name) =>
    ids[name] == null ? [] : [`${name}: ${ids[name]}`],
  );
  return ['<task_metadata>', ...lines, '</task_metadata>'].join('\n');
}
