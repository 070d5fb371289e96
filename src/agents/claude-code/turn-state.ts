/**
 * Reads what became of a prompt from its session's rows. Pure. The rules were tried against
 * transcripts that were cut off after each of their rows, and against kills at every moment
 * (2.1.331).
 */
import { defined } from '../../contract/defined.js';
import type { PromptKey } from '../driver.js';
import { openTasksIn } from './background.js';
import { isNudge, isOurs } from './ids.js';
import { blocksOf, isMessage, isSynthetic, textOf, type Row } from './rows.js';

/**
 * - `absent`: the prompt is not in the session.
 * - `ended`: the model finished its answer.
 * - `error`: the provider or a limit ended the turn.
 * - `cancelled`: a person or a worker of ours stopped the turn.
 * - `interrupted`: the turn was cut off, and the agent can resume it.
 * - `mute`: the turn was cut off in a place where the agent resumes nothing and says nothing.
 */
export type Phase = 'absent' | 'ended' | 'error' | 'cancelled' | 'interrupted' | 'mute';

export interface TurnState {
  phase: Phase;
  /** The last prompt of the session. It may be a person's. */
  lastPrompt?: string;
  /** The prompt's text in the session. */
  text?: string;
  /** Whether another prompt follows, or the session was continued from before this one. */
  superseded: boolean;
  /** The messages of the turn, oldest first, without the prompt. */
  turn: Row[];
  /** The turn's rows in the order of the file, including those that a later resume left out. */
  spent: Row[];
  /** How often a message of ours made the agent go on. */
  nudges: number;
  /** How many tasks work in the background although the model has ended its answer. */
  background: number;
  /** Changes whenever anything in the turn changes. */
  fingerprint: string;
}

/** Without a key, reads the session's last prompt. */
export function turnStateOf(rows: Row[], key?: PromptKey): TurnState {
  const byId = new Map(rows.map((row) => [row.uuid, row]));
  const tail = tailOf(rows);
  const chain = chainTo(tail, byId);
  const lastPrompt = chain.findLast(isPrompt)?.uuid;
  const last = defined({ lastPrompt });
  const prompt = byId.get(key ?? lastPrompt ?? '');
  if (!prompt)
    return {
      phase: 'absent',
      ...last,
      superseded: false,
      turn: [],
      spent: [],
      nudges: 0,
      background: 0,
      fingerprint: `absent ${tail?.uuid}`,
    };

  const forked = !chain.includes(prompt);
  const own = withNotes(forked ? chainTo(lastBelow(prompt, rows), byId) : chain, rows);
  const after = own.slice(own.indexOf(prompt) + 1);
  const next = after.findIndex(isPrompt);
  const turn = next < 0 ? after : after.slice(0, next);
  const answered = phaseOf(turn);
  const background = answered === 'ended' ? openTasksIn(turn) : 0;
  const phase = background > 0 ? 'mute' : answered;
  const superseded = forked || next >= 0;
  return {
    phase,
    ...last,
    text: askedIn(prompt),
    superseded,
    turn,
    spent: spentIn(rows, prompt),
    nudges: turn.filter(({ uuid }) => isNudge(uuid)).length,
    background,
    fingerprint: JSON.stringify([phase, superseded, turn.filter(isMessage).length, own.findLast(isMessage)?.uuid]),
  };
}

/** The rows that the next prompt would follow, oldest first. */
export function conversationIn(rows: Row[]): Row[] {
  return chainTo(tailOf(rows), new Map(rows.map((row) => [row.uuid, row])));
}

/** The rows up to the end of the turn of this prompt, oldest first. `undefined`: the session does not have it. */
export function conversationUpTo(rows: Row[], key: PromptKey): Row[] | undefined {
  const prompt = rows.find(({ uuid }) => uuid === key);
  if (!prompt) return undefined;
  const before = chainTo(prompt, new Map(rows.map((row) => [row.uuid, row])));
  return [...before, ...turnStateOf(rows, key).turn];
}

const tailOf = (rows: Row[]) => rows.findLast((row) => isMessage(row) && !row.isSidechain);

/**
 * The rows from the first one to `tail`. A compaction breaks the chain, and notes where it
 * continues.
 */
function chainTo(tail: Row | undefined, byId: ReadonlyMap<string, Row>): Row[] {
  const chain = new Set<Row>();
  for (let row = tail; row && !chain.has(row); row = byId.get(row.parentUuid ?? row.logicalParentUuid ?? ''))
    chain.add(row);
  return [...chain].reverse();
}

/** Adds the attachments that follow the last message. */
function withNotes(chain: Row[], rows: Row[]): Row[] {
  const all = [...chain];
  for (const row of rows) if (!isMessage(row) && row.parentUuid && row.parentUuid === all.at(-1)?.uuid) all.push(row);
  return all;
}

/**
 * The last message that descends from the prompt. A row always comes after the row that it follows.
 */
function lastBelow(prompt: Row, rows: Row[]): Row {
  const below = new Set([prompt.uuid]);
  let last = prompt;
  for (const row of rows) {
    if (row.isSidechain || !below.has(row.parentUuid ?? row.logicalParentUuid ?? '')) continue;
    below.add(row.uuid);
    if (isMessage(row)) last = row;
  }
  return last;
}

/**
 * Whether a row is a prompt. Neither messages that the agent puts in by itself nor tool results
 * are. Those that we put in are known by their id, whatever they say.
 */
export function isPrompt(row: Row): boolean {
  if (row.type !== 'user' || row.isMeta || row.isCompactSummary || isNudge(row.uuid) || !isHuman(row.origin))
    return false;
  return isOurs(row.uuid) || (!blocksOf(row).some(({ type }) => type === 'tool_result') && !isInterruption(row));
}

function isHuman(origin: unknown): boolean {
  const kind = typeof origin === 'object' && origin !== null && 'kind' in origin ? origin.kind : origin;
  return kind === undefined || kind === null || kind === 'human';
}

const isInterruption = (row: Row) =>
  row.type === 'user' && !isOurs(row.uuid) && textOf(row).startsWith('[Request interrupted by user');

function phaseOf(turn: Row[]): Phase {
  if (turn.some(({ attachment }) => attachment?.type === 'max_turns_reached')) return 'error';
  const last = turn.findLast(isMessage);
  if (!last) return 'interrupted';
  if (last.isApiErrorMessage) return 'error';
  if (isInterruption(last)) return 'cancelled';
  if (last.type === 'user') return last.isMeta || last.isCompactSummary ? 'mute' : 'interrupted';
  return isSynthetic(last) ? 'interrupted' : phaseOfAnswer(last, turn);
}

function phaseOfAnswer({ message }: Row, turn: Row[]): Phase {
  const reason = message?.stop_reason ?? null;
  const kinds = turn
    .filter((row) => row.message?.id === message?.id)
    .flatMap((row) => blocksOf(row).map(({ type }) => type));
  if (kinds.includes('tool_use')) return 'interrupted';
  if (reason === null || reason === 'pause_turn') return 'interrupted';
  if (reason === 'tool_use') return 'mute'; // The tool call was cut off.
  // Claude Code asks for the rest of an answer that reached its limit, and again after an answer
  // that only has thinking. A kill can come before it does.
  return reason === 'max_tokens' || !kinds.includes('text') ? 'mute' : 'ended';
}

/**
 * All rows after the prompt, up to the next one. A retry or a resume can leave rows beside the
 * chain, which cost tokens all the same.
 */
function spentIn(rows: Row[], prompt: Row): Row[] {
  const after = rows.slice(rows.indexOf(prompt) + 1);
  const next = after.findIndex((row) => !row.isSidechain && isPrompt(row));
  return next < 0 ? after : after.slice(0, next);
}

/**
 * Claude Code takes a prompt that starts with a slash as a command of its own, such as `/clear`. A
 * space before the slash makes it a prompt (2.1.331).
 */
export const asPut = (text: string) => (/^ *\//.test(text) ? ` ${text}` : text);

function askedIn(prompt: Row): string {
  const text = textOf(prompt);
  return /^ +\//.test(text) ? text.slice(1) : text;
}
