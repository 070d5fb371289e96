/** Reads how a turn ended, and what it said, from its rows. */
import { defined } from '../../contract/defined.js';
import { failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import type { Sight } from '../driver.js';
import { counted } from '../shared/compactions.js';
import { cutOff } from '../shared/cut-off.js';
import { sinceNotified } from './background.js';
import { failureOf, refusedIn, untilOf } from './failures.js';
import { blocksOf, isMessage, isSynthetic, textOf, type Row } from './rows.js';
import type { TurnState } from './turn-state.js';
import { answersIn, usageOf } from './usage.js';

/**
 * `undefined` when the turn has not ended. `silent`: the program ended by itself, and the model
 * answered nothing.
 */
export function endOf({ phase, turn }: TurnState, session: SessionId, silent: boolean): Sight['end'] {
  if (phase === 'cancelled') return { status: 'cancelled' };
  if (phase === 'error') return failedIn(turn, session);
  if (phase === 'mute' && silent && replyOf(turn) === '')
    return {
      status: 'failed',
      error: failure('EMPTY_REPLY', `The model answered nothing at all in session ${session}.`),
    };
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

export function saidIn({ turn, spent }: TurnState, subAgents: Row[]): ReturnType<Sight['said']> {
  const model = turn.findLast((row) => row.type === 'assistant' && !isSynthetic(row))?.message?.model;
  const answers = answersIn([...spent, ...subAgents]);
  return {
    reply: replyOf(turn),
    ...counted(spent.filter(({ subtype }) => subtype === 'compact_boundary').length),
    ...defined({ model }),
    ...(answers.size > 0 && { usage: usageOf(answers.values()) }),
  };
}

/** What the model said before it was told of its background is the reply only if nothing follows. */
const replyOf = (turn: Row[]) => lastTextIn(sinceNotified(turn)) || lastTextIn(turn);

/** All text after the last tool result. If there is none, the last text before it. */
function lastTextIn(turn: Row[]): string {
  const isResult = (row: Row) => blocksOf(row).some(({ type }) => type === 'tool_result');
  const texts = (rows: Row[]) =>
    rows
      .filter((row) => row.type === 'assistant' && !isSynthetic(row))
      .map((row) => textOf(row).trim())
      .filter((text) => text !== '');
  const last = texts(turn.slice(turn.findLastIndex(isResult) + 1));
  return last.length > 0 ? last.join('\n\n') : (texts(turn).at(-1) ?? '');
}
