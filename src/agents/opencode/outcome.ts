/** Reads how a turn ended, and what it said, from the messages of its session. */
import { defined } from '../../contract/defined.js';
import { failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import type { Sight } from '../driver.js';
import { counted } from '../shared/compactions.js';
import { cutOff, type CutOff } from '../shared/cut-off.js';
import { replyOf, type Reply, type Step } from '../shared/reply.js';
import { failureOf, isAbort, refusedIn, untilOf } from './failures.js';
import type { StoredAnswer, TurnState } from './turn-state.js';
import { usageOf } from './usage.js';

const CUT_OFF: Partial<Record<string, CutOff>> = { length: 'length', 'content-filter': 'filter' };

export function endOf(turn: TurnState, session: SessionId): NonNullable<Sight['end']> {
  const error = turn.last?.info.error;
  if (isAbort(error)) return { status: 'cancelled' };
  if (error) {
    const { time } = turn.last?.info ?? {};
    const until = time && untilOf(error, time.completed ?? time.created);
    return { status: 'failed', error: failureOf(error, session), ...defined({ until, refused: refusedIn(error) }) };
  }
  const why = CUT_OFF[turn.last?.info.finish ?? ''];
  if (why) return { status: 'failed', error: cutOff(why, session) };
  const worked = turn.answers.some(({ parts }) => parts.some(({ type }) => type === 'tool'));
  if (saidBy(turn.answers).reply === '' && !worked)
    return {
      status: 'failed',
      error: failure('EMPTY_REPLY', `The model answered nothing at all in session ${session}.`),
    };
  return { status: 'completed' };
}

export function saidIn({ last, answers }: TurnState): ReturnType<Sight['said']> {
  return {
    ...saidBy(answers),
    ...counted(answers.filter(({ info }) => info.summary && !info.error).length),
    ...(last && {
      model: `${last.info.providerID}/${last.info.modelID}`,
      usage: usageOf(answers.map(({ info }) => info)),
    }),
  };
}

function saidBy(answers: StoredAnswer[]): Reply {
  return replyOf(answers.flatMap(({ info, parts }) => (info.summary ? [] : parts.flatMap(stepsOf))));
}

function stepsOf(part: StoredAnswer['parts'][number]): Step[] {
  if (part.type === 'tool') return ['tool'];
  return part.type === 'text' && !part.synthetic && !part.ignored ? [{ text: part.text }] : [];
}
