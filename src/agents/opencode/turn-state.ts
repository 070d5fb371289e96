/**
 * What became of a prompt, read from its session: pure. The rules are OpenCode 1.18.33's own for leaving its loop, and were
 * tried against text, tools, parallel tools, provider errors, aborts, compaction and kills at every moment.
 */
import type { AssistantMessage, Message, Part } from '@opencode-ai/sdk/v2/client';
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
  /** The message that the prompt is, or will be. */
  promptMessage: string;
  /** Whether the prompt is in the session. */
  present: boolean;
  /** What the session holds as its text. Absent: nothing yet, as a kill can come between a message and its text. */
  text?: string;
  /** Whether its turn came to its end, well or not. Holds only if nobody is at work in the session, or it is superseded. */
  ended: boolean;
  /** Whether a later prompt follows: this one can then never be posted again, the model would answer the later one under its id. */
  superseded: boolean;
  /** The message that the agent is answering: the prompt, or one that OpenCode itself put in after compacting. */
  answering: string;
  /** Whether that message has its text; a kill can come between the two. */
  answeringText: boolean;
  /** All steps of the turn, oldest first. */
  answers: StoredAnswer[];
  /** The one that says how the turn ended. */
  last?: StoredAnswer;
}

export function turnStateOf(messages: StoredMessage[], promptMessage: string): TurnState {
  const at = messages.findIndex(({ info }) => info.id === promptMessage);
  if (at < 0) return { promptMessage, present: false, ended: false, superseded: false, answering: promptMessage, answeringText: false, answers: [] };
  const next = messages.findIndex((_, index) => index > at && isPrompt(messages, index));
  const turn = messages.slice(at + 1, next < 0 ? undefined : next);
  const asked = turn.findLast(({ info }) => info.role === 'user') ?? messages[at];
  const answering = asked?.info.id ?? promptMessage;
  const answers = turn.filter(isAnswer);
  const last = answers.findLast(({ info }) => !info.summary || info.error);
  const text = askedIn(messages[at]);
  const state = { promptMessage, present: true, ...(text !== undefined && { text }), superseded: next >= 0, answering, answeringText: (asked?.parts.length ?? 0) > 0, answers };
  return last ? { ...state, last, ended: hasEnded(last, answering) } : { ...state, ended: false };
}

/** Without what OpenCode adds to a prompt by itself. */
function askedIn(message: StoredMessage | undefined): string | undefined {
  const texts = message?.parts.flatMap((part) => (part.type === 'text' && part.synthetic !== true ? [part.text] : [])) ?? [];
  return texts.length > 0 ? texts.join('') : undefined;
}

/** The last message that somebody really asked: whose turn it is that runs, if one runs. */
export function lastPromptOf(messages: StoredMessage[]): string | undefined {
  return messages.findLast((_, index) => isPrompt(messages, index))?.info.id;
}

/** When the last prompt's turn was last seen to move, or 0 once it has ended. */
export function lastWorkedOnAt(messages: StoredMessage[]): number {
  const prompt = lastPromptOf(messages);
  if (prompt === undefined || turnStateOf(messages, prompt).ended) return 0;
  const times = messages.slice(-5).flatMap(({ info, parts }) => [info.time.created, ...parts.flatMap(timesOf)]);
  return Math.max(0, ...times);
}

function timesOf(part: Part): number[] {
  if (part.type === 'tool') return 'time' in part.state ? Object.values(part.state.time) : [];
  return 'time' in part && part.time && 'start' in part.time ? Object.values(part.time) : [];
}

/** A kill can come between the model's end (`finish`) and the note of its time (`completed`): OpenCode, asked to go on, then takes the turn for ended without a word. */
function hasEnded({ info, parts }: StoredAnswer, answering: string): boolean {
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

/** Not what OpenCode puts in by itself: it compacts in mid-turn. A prompt that a kill left without parts is one all the same. */
function isPrompt(messages: StoredMessage[], index: number): boolean {
  const message = messages[index];
  return message?.info.role === 'user' && !isInternal(message) && !isCopy(messages, index);
}

function isInternal({ parts }: StoredMessage): boolean {
  return parts.length > 0 && parts.every((part) => part.type === 'compaction' || (part.type === 'text' && part.synthetic === true));
}

/**
 * When the provider says that the context is full, OpenCode compacts what was before the prompt and then puts in a copy of the
 * prompt, under an id of its own and not marked in any way: only its place, right after the summary, and its text tell.
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

/** Changes whenever anything in the turn does. */
export function fingerprintOf({ answers, answering, present, superseded }: TurnState): string {
  const steps = answers.map(({ info, parts }) => [info.id, info.time.completed, info.finish, parts.map((part) => [part.id, part.type === 'tool' && part.state.status])]);
  return JSON.stringify([present, superseded, answering, steps]);
}
