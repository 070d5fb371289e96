/** Reads how a turn ended, and what it said, from the messages of its session. */
import { defined } from '../../contract/defined.js';
import { failure, type Failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import { sumOf } from '../../contract/usage.js';
import type { Sight } from '../driver.js';
import { counted } from '../shared/compactions.js';
import { cutOff, type CutOff } from '../shared/cut-off.js';
import { replyAfter, replyOf, type Step } from '../shared/reply.js';
import { failureOf, isAbort, refusedIn, untilOf } from './failures.js';
import type { StoredAnswer, TurnState } from './turn-state.js';
import { contextIn, usageOf } from './usage.js';

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
  const silenced = turn.background.cutOff;
  if (silenced > 0) return { status: 'failed', error: cutOffInBackground(silenced, session) };
  const worked = turn.finalAnswers.some(({ parts }) => parts.some(({ type }) => type === 'tool'));
  if (replyOf(stepsIn(turn.finalAnswers)).reply === '' && !worked)
    return {
      status: 'failed',
      error: failure('EMPTY_REPLY', `The model answered nothing at all in session ${session}.`),
    };
  return { status: 'completed' };
}

function cutOffInBackground(count: number, session: SessionId): Failure {
  const who = count === 1 ? 'A sub-agent' : `${count} sub-agents`;
  return failure(
    'AGENT_CRASHED',
    `${who} of session ${session} still worked in the background when OpenCode was killed, and what they did was not reported.`,
    'Send a follow-up to the same session, such as: Your background agents were cut off. Start them again.',
  );
}

/** What the agent answered before it was told of its background is not the reply. */
export function saidIn({ last, answers, finalAnswers, usedBeside }: TurnState): ReturnType<Sight['said']> {
  return {
    ...replyAfter(stepsIn(answers), stepsIn(finalAnswers)),
    ...counted(answers.filter(({ info }) => info.summary && !info.error).length),
    ...(last && {
      model: `${last.info.providerID}/${last.info.modelID}`,
      usage: sumOf([usageOf(answers), ...usedBeside]),
    }),
    ...defined({ context: contextIn(answers.map(({ info }) => info)) }),
  };
}

function stepsIn(answers: StoredAnswer[]): Step[] {
  return answers.flatMap(({ info, parts }) => (info.summary ? [] : parts.flatMap(stepsOf)));
}

function stepsOf(part: StoredAnswer['parts'][number]): Step[] {
  if (part.type === 'tool') return ['divided'];
  return part.type === 'text' && !part.synthetic && !part.ignored ? [{ text: part.text }] : [];
}
