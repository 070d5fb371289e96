/**
 * Reads what became of a prompt from its session. Pure. The rules are those by which OpenCode
 * 1.18.33 leaves its own loop. They were tried against text, tools, parallel tools, provider
 * errors, aborts, compaction and kills at every moment.
 */
import type { AssistantMessage, Message, Part } from '@opencode-ai/sdk/v2/client';
import { defined } from '../../contract/defined.js';
import type { Usage } from '../../contract/types.js';
import { backgroundOf, finalAnswersIn, isWakeUp, type Background, type Beside } from './background.js';
import { isOurs } from './ids.js';

export interface StoredMessage {
  info: Message;
  parts: Part[];
}
export interface StoredAnswer {
  info: AssistantMessage;
  parts: Part[];
}

export interface TurnState {
  /** The id of the prompt's message, which may not exist yet. */
  promptMessage: string;
  /** Whether the prompt is in the session. */
  present: boolean;
  /**
   * The prompt's text in the session. Absent: there is none yet, because a kill can come between a
   * message and its text.
   */
  text?: string;
  /**
   * Whether the turn has ended, well or not. Valid only if nothing works in the session, or the
   * turn is superseded.
   */
  ended: boolean;
  /**
   * Whether a later prompt follows. This prompt can then never be posted again: the model would
   * answer the later one under this prompt's id.
   */
  superseded: boolean;
  /**
   * The message that OpenCode is answering: the prompt, or a message that OpenCode or a plug-in put
   * in later.
   */
  answering: string;
  /** Whether that message has its text. A kill can come between the two. */
  answeringText: boolean;
  /** All steps of the turn, oldest first. */
  answers: StoredAnswer[];
  /** The steps after the agent was last told of what ended in the background. */
  finalAnswers: StoredAnswer[];
  /** The answer that says how the turn ended. */
  last?: StoredAnswer;
  background: Background;
  /** What each of its sub-agents has used. */
  usedBeside: readonly Usage[];
}

const NOTHING_BESIDE: Beside = { children: [], hasPlugins: false };

/** `now`: the server's time, in ms. */
export function turnStateOf(
  messages: StoredMessage[],
  promptMessage: string,
  beside = NOTHING_BESIDE,
  now = Date.now(),
): TurnState {
  const at = messages.findIndex(({ info }) => info.id === promptMessage);
  if (at < 0)
    return {
      promptMessage,
      present: false,
      ended: false,
      superseded: false,
      answering: promptMessage,
      answeringText: false,
      answers: [],
      finalAnswers: [],
      background: { working: 0, isAwaited: false, cutOff: 0 },
      usedBeside: [],
    };
  const next = nextPromptAfter(messages, at, beside);
  const range = { messages, at, end: endOfTurn(messages, at, next) };
  const turn = messages.slice(at + 1, range.end);
  const asked = turn.findLast(({ info }) => info.role === 'user') ?? messages[at];
  const answering = asked?.info.id ?? promptMessage;
  const answers = turn.filter(isAnswer);
  const last = answers.findLast(({ info }) => !info.summary || info.error);
  const text = askedIn(messages[at]);
  const state = {
    promptMessage,
    present: true,
    ...defined({ text }),
    superseded: next >= 0,
    answering,
    answeringText: (asked?.parts.length ?? 0) > 0,
    answers,
    finalAnswers: finalAnswersIn(range),
    background: backgroundOf(range, beside, now),
    usedBeside: beside.children.flatMap(({ used }) => used ?? []),
  };
  return last ? { ...state, last, ended: hasEnded(last, answering) } : { ...state, ended: false };
}

/** A compaction after the turn, by a person or by us, is not part of the turn. */
function endOfTurn(messages: StoredMessage[], at: number, next: number): number {
  const compacted = messages.findIndex(
    ({ parts }, index) => index > at && parts.some((part) => part.type === 'compaction' && !part.auto),
  );
  return Math.min(...[next, compacted].filter((end) => end >= 0), messages.length);
}

/** The place after the last message of the prompt's turn. `undefined`: the session does not have the prompt. */
export function endOfTurnOf(messages: StoredMessage[], prompt: string, beside = NOTHING_BESIDE): number | undefined {
  const at = messages.findIndex(({ info }) => info.id === prompt);
  return at < 0 ? undefined : endOfTurn(messages, at, nextPromptAfter(messages, at, beside));
}

/** -1: there is none. What makes the turn itself go on is none. */
function nextPromptAfter(messages: StoredMessage[], at: number, beside: Beside): number {
  return messages.findIndex(
    (message, end) => end > at && isPrompt(messages, end) && !isWakeUp(message, { messages, at, end }, beside),
  );
}

/** The prompt's text without OpenCode's own additions. */
function askedIn(message: StoredMessage | undefined): string | undefined {
  const texts =
    message?.parts.flatMap((part) => (part.type === 'text' && part.synthetic !== true ? [part.text] : [])) ?? [];
  return texts.length > 0 ? texts.join('') : undefined;
}

/** The ids of all prompts, oldest first. */
export function promptsIn(messages: StoredMessage[]): string[] {
  return messages.filter((_, index) => isPrompt(messages, index)).map(({ info }) => info.id);
}

/** The last message that a person or we asked. If a turn runs, it is the turn of this message. */
export function lastPromptOf(messages: StoredMessage[]): string | undefined {
  return messages.findLast((_, index) => isPrompt(messages, index))?.info.id;
}

/** When the last prompt's turn was last seen to move. 0 once it has ended. */
export function lastWorkedOnAt(messages: StoredMessage[]): number {
  const prompt = lastPromptOf(messages);
  if (prompt === undefined || turnStateOf(messages, prompt).ended) return 0;
  return lastMovedAt(messages);
}

/** When the last messages were last seen to move. */
export function lastMovedAt(messages: StoredMessage[]): number {
  const times = messages.slice(-5).flatMap(({ info, parts }) => [info.time.created, ...parts.flatMap(timesOf)]);
  return Math.max(0, ...times);
}

export function timesOf(part: Part): number[] {
  if (part.type === 'tool') return 'time' in part.state ? Object.values(part.state.time) : [];
  return 'time' in part && part.time && 'start' in part.time ? Object.values(part.time) : [];
}

/**
 * A kill can come between the end of the model's answer (`finish`) and the note of its time
 * (`completed`). If OpenCode is asked to continue such a turn, it takes the turn as ended and
 * reports nothing.
 */
export function hasEnded({ info, parts }: StoredAnswer, answering: string): boolean {
  if (info.parentID !== answering) return false;
  if (info.time.completed && (info.error || info.structured !== undefined)) return true;
  return info.finish !== undefined && !['tool-calls', 'unknown'].includes(info.finish) && !parts.some(isOpen);
}

/** A call whose result the model has not seen yet. */
function isOpen(part: Part): boolean {
  if (part.type !== 'tool' || part.metadata?.['providerExecuted']) return false;
  return !(part.state.status === 'error' && part.state.metadata?.['interrupted']);
}

function isAnswer(message: StoredMessage): message is StoredAnswer {
  return message.info.role === 'assistant';
}

/**
 * Whether a message is a prompt. Messages that OpenCode puts in when it compacts in mid-turn are
 * not. A prompt that a kill left without parts is one.
 */
function isPrompt(messages: StoredMessage[], index: number): boolean {
  const message = messages[index];
  return message?.info.role === 'user' && !isInternal(message) && !isCopy(messages, index);
}

function isInternal({ parts }: StoredMessage): boolean {
  return (
    parts.length > 0 &&
    parts.every((part) => part.type === 'compaction' || (part.type === 'text' && part.synthetic === true))
  );
}

/**
 * Whether the message is OpenCode's copy of a prompt. When the provider reports a full context,
 * OpenCode compacts everything before the prompt, and then puts in a copy of the prompt under an id
 * of its own. Nothing marks the copy. It is recognised by its place, right after the summary, and
 * by its text.
 */
function isCopy(messages: StoredMessage[], index: number): boolean {
  const copy = messages[index];
  if (!copy || isOurs(copy.info.id)) return false;
  const compaction = messages.findLastIndex(({ info }, at) => at < index && info.role === 'user');
  if (!messages[compaction]?.parts.some((part) => part.type === 'compaction' && part.overflow)) return false;
  if (!messages.slice(compaction, index).some(({ info }) => info.role === 'assistant' && info.summary)) return false;
  const original = messages.findLast((_, at) => at < compaction && isPrompt(messages, at));
  return original !== undefined && (copy.parts.length === 0 || textOf(copy) === textOf(original));
}

const textOf = ({ parts }: StoredMessage) => parts.map((part) => (part.type === 'text' ? part.text : '')).join('');

/** Changes whenever anything in the turn changes. */
export function fingerprintOf({ answers, answering, present, superseded, background }: TurnState): string {
  const steps = answers.map(({ info, parts }) => [
    info.id,
    info.time.completed,
    info.finish,
    parts.map((part) => [part.id, part.type === 'tool' && part.state.status]),
  ]);
  return JSON.stringify([present, superseded, answering, steps, background]);
}
