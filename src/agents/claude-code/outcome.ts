/** Reads how a turn ended, and what it said, from its rows. */
import { defined } from '../../contract/defined.js';
import { failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import type { Sight } from '../driver.js';
import { counted } from '../shared/compactions.js';
import { cutOff } from '../shared/cut-off.js';
import { sinceNotified } from './background.js';
import { replyAfter, type Reply, type Step } from '../shared/reply.js';
import { failureOf, refusedIn, untilOf } from './failures.js';
import { blocksOf, isMessage, isSynthetic, type Block, type Row } from './rows.js';
import type { TurnState } from './turn-state.js';
import type { Unstored } from './unstored.js';
import { answersIn, contextIn, usageOf } from './usage.js';

/**
 * `undefined` when the turn has not ended. `silent`: the program ended by itself, and the model's
 * last step said nothing.
 */
export function endOf({ phase, turn }: TurnState, session: SessionId, silent: boolean): Sight['end'] {
  if (phase === 'cancelled') return { status: 'cancelled' };
  if (phase === 'error') return failedIn(turn, session);
  if (phase === 'mute' && silent && saidBy(turn).reply === '')
    return {
      status: 'failed',
      error: failure('EMPTY_REPLY', `The model answered nothing at all in session ${session}.`),
    };
  if (phase === 'mute' && silent && hasEndedSilently(turn)) return { status: 'completed' };
  if (phase !== 'ended') return undefined;
  const reason = turn.findLast(isMessage)?.message?.stop_reason;
  if (reason === 'refusal') return { status: 'failed', error: cutOff('filter', session) };
  if (reason === 'model_context_window_exceeded')
    return {
      status: 'failed',
      error: failure('CONTEXT_OVERFLOW', `The conversation no longer fits the model in session ${session}.`),
    };
  return { status: 'completed' };
}

/**
 * Whether the last step said nothing. Claude Code then asks once more, and stores its question but
 * no empty answer (2.1.331). What was said before is the reply.
 */
function hasEndedSilently(turn: Row[]): boolean {
  const last = turn.findLast(isMessage);
  return last?.type === 'user' ? last.isMeta === true : last?.message?.stop_reason === 'end_turn';
}

function failedIn(turn: Row[], session: SessionId): NonNullable<Sight['end']> {
  const row = turn.findLast(isMessage);
  if (row?.isApiErrorMessage)
    return {
      status: 'failed',
      error: failureOf(row, session),
      ...defined({ until: untilOf(row), refused: refusedIn(row) }),
    };
  const message = `The model was stopped in session ${session}, because it reached the number of steps that Claude Code allows.`;
  return { status: 'failed', error: failure('MODEL_FAILED', message) };
}

export function saidIn(
  { turn, spent }: TurnState,
  subAgents: Row[],
  unstored: Unstored = [],
): ReturnType<Sight['said']> {
  const model = turn.findLast((row) => row.type === 'assistant' && !isSynthetic(row))?.message?.model;
  const answers = new Map([...answersIn([...spent, ...subAgents]), ...unstored]);
  return {
    ...saidBy(turn),
    ...counted(spent.filter(({ subtype }) => subtype === 'compact_boundary').length),
    ...defined({ model, context: contextIn(turn) }),
    ...(answers.size > 0 && { usage: usageOf(answers.values()) }),
  };
}

/** What the model said before it was told of its background is the reply only if nothing follows. */
function saidBy(turn: Row[]): Reply {
  return replyAfter(stepsIn(turn), stepsIn(sinceNotified(turn)));
}

function stepsIn(rows: Row[]): Step[] {
  return rows.flatMap((row) => (isSynthetic(row) ? [] : blocksOf(row).flatMap((block) => stepsOf(block, row))));
}

/** The text of a user row is what Claude Code, or a hook, has told the model. */
function stepsOf({ type, text = '' }: Block, row: Row): Step[] {
  if (type === 'tool_use' || type === 'tool_result') return ['divided'];
  return type === 'text' && row.type === 'assistant' ? [{ text }] : [];
}
