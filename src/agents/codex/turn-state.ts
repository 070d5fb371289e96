/**
 * Reads what became of a prompt from its thread. Pure. The rules were tried with Codex 0.169.0
 * against kills at each record of a rollout.
 *
 * A prompt's turn is the turn of Codex that has the prompt, and all following turns without input:
 * with those, Codex was asked to go on.
 */
import { defined } from '../../contract/defined.js';
import { digestOf } from './ids.js';
import type { CodexTurn, Entry, Input, Rollout } from './rollout.js';

export interface TurnState {
  present: boolean;
  /** Whether the rollout has the prompt's id. A kill can come between a text and its id. */
  isNamed: boolean;
  text?: string;
  /** Whether a later input follows. */
  superseded: boolean;
  /** Valid only while nothing works in the thread, or when the prompt is superseded. */
  end?: NonNullable<CodexTurn['end']>;
  /**
   * The turns of Codex that worked on the prompt. The first has only the entries after the prompt.
   */
  turns: CodexTurn[];
}

/** Identifies a prompt that may have been stored without its id, because an attempt at it died. */
export interface WithoutId {
  /** The digest of its text (`digestOf`). */
  digest: string;
  /**
   * The thread's last turn before that attempt. An older input is not this prompt. Absent: the
   * thread had no turn.
   */
  after?: string;
}

/** An input and its place. */
export interface Found {
  input: Input;
  turn: number;
  entry: number;
}

export function turnStateOf({ turns }: Rollout, key: string, withoutId?: WithoutId): TurnState {
  const inputs = inputsIn(turns);
  const found =
    inputs.find(({ input }) => input.id === key) ??
    (withoutId && inputs.find((one) => isStoredWithoutId(one, turns, withoutId)));
  if (!found) return { present: false, isNamed: false, superseded: false, turns: [] };
  const next = inputs[inputs.indexOf(found) + 1];
  const group = turnsOf(turns, found, next);
  const end = endOf(group);
  const isNamed = found.input.id === key;
  return {
    present: true,
    isNamed,
    text: found.input.text,
    superseded: next !== undefined,
    ...defined({ end }),
    turns: group,
  };
}

/** The last input. If a turn runs, it is the turn of this input. */
export function lastInputOf({ turns }: Rollout): Input | undefined {
  return inputsIn(turns).at(-1)?.input;
}

/** The turn of Codex that runs. `undefined` when none does. */
export function openTurnOf({ turns }: Rollout): CodexTurn | undefined {
  const last = turns.at(-1);
  return last?.end ? undefined : last;
}

/**
 * Whether it is known whose turn runs. An input is stored some milliseconds after the thread became
 * active.
 */
export function isAttributable(rollout: Rollout): boolean {
  const open = openTurnOf(rollout);
  const input = open?.entries.findLast((entry) => entry.type === 'input');
  return open !== undefined && (input ? input.recorded : open.entries.length > 0);
}

/**
 * Whether the running turn continues the last input. A turn that has completed is never continued.
 * `afterFailure`: one that has failed or was aborted can be, as after a usage limit.
 */
export function goesOn(rollout: Rollout, afterFailure: boolean): boolean {
  const open = openTurnOf(rollout);
  const last = inputsIn(rollout.turns).at(-1);
  if (!open || !last) return false;
  if (open.entries.some(({ type }) => type === 'input')) return last.input.recorded;
  const end = endOf(turnsOf(rollout.turns.slice(0, -1), last));
  return open.entries.length > 0 || end === undefined || (afterFailure && end.how !== 'completed');
}

function inputsIn(turns: CodexTurn[]): Found[] {
  return turns.flatMap(({ entries }, turn) =>
    entries.flatMap((input, entry) => (input.type === 'input' ? [{ input, turn, entry }] : [])),
  );
}

function isStoredWithoutId({ input, turn }: Found, turns: CodexTurn[], { digest, after }: WithoutId): boolean {
  const last = after === undefined ? -1 : turns.findIndex(({ id }) => id === after);
  return !input.recorded && digestOf(input.text) === digest && turn > last;
}

function turnsOf(turns: CodexTurn[], from: Found, next?: Found): CodexTurn[] {
  const group = turns.slice(from.turn, next ? next.turn + (next.turn === from.turn ? 1 : 0) : undefined);
  // A turn that has completed is never continued. What follows it is a compaction on request.
  const completed = group.findIndex(({ end }) => end?.how === 'completed');
  return group.slice(0, completed < 0 ? undefined : completed + 1).map((turn, index) => {
    if (index > 0) return turn;
    // An input that came while another input's turn ran has joined that turn. Both have one answer,
    // which comes after both.
    return { ...turn, entries: turn.entries.slice(from.entry + 1).filter(({ type }) => type !== 'input') };
  });
}

function endOf(group: CodexTurn[]): TurnState['end'] {
  const completed = group.find(({ end }) => end?.how === 'completed');
  if (completed) return completed.end;
  const last = group.at(-1);
  return last?.end ?? (last && hasAnswered(last.entries) ? { how: 'completed' } : undefined);
}

/**
 * Whether the model has given its answer. A kill can come between the answer and the note that the
 * turn is complete. Nothing is left to do then.
 */
function hasAnswered(entries: Entry[]): boolean {
  const at = entries.findLastIndex((entry) => entry.type === 'said' && entry.announced);
  const said = entries[at];
  if (said?.type !== 'said') return false;
  const after = entries.slice(at + 1);
  if (after.some(({ type }) => type === 'called') || hasOpenCall(entries)) return false;
  return said.isFinal || after.some(({ type }) => type === 'counted');
}

/** Whether there is a call whose result the model has not seen yet. */
function hasOpenCall(entries: Entry[]): boolean {
  const answered = new Set(entries.flatMap((entry) => (entry.type === 'answered' ? [entry.call] : [])));
  return entries.some((entry) => entry.type === 'called' && !isDoneByProvider(entry.tool) && !answered.has(entry.call));
}

/** Such calls have no result of their own. */
const isDoneByProvider = (tool: string) => tool === 'web_search_call' || tool === 'image_generation_call';
