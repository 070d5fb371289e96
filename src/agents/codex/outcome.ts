/** Reads how a turn ended, and what it said. */
import { defined } from '../../contract/defined.js';
import { failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import type { Sight } from '../driver.js';
import { counted } from '../shared/compactions.js';
import { replyOf, type Reply, type Step } from '../shared/reply.js';
import { failureOf, refusedIn } from './failures.js';
import { untilOf } from './resets.js';
import type { CodexTurn, Entry } from './rollout.js';
import type { TurnState } from './turn-state.js';
import { contextIn, usageOf } from './usage.js';

export function outcomeOf({ end, turns }: TurnState, session: SessionId): Sight['end'] {
  if (!end) return undefined;
  if (end.how === 'aborted') return { status: 'cancelled' };
  if (end.how === 'failed') {
    const last = turns.at(-1);
    const until = last && untilOf(last);
    const refused = refusedIn(end.message, end.info);
    return { status: 'failed', error: failureOf(end.message, end.info, session), ...defined({ until, refused }) };
  }
  const worked = turns.some(({ entries }) => entries.some(({ type }) => type === 'called'));
  if (saidBy(turns).reply === '' && !worked)
    return {
      status: 'failed',
      error: failure('EMPTY_REPLY', `The model answered nothing at all in session ${session}.`),
    };
  return { status: 'completed' };
}

export function saidIn({ turns }: TurnState): ReturnType<Sight['said']> {
  const usage = usageOf(turns);
  const model = turns.findLast((turn) => turn.model !== undefined)?.model;
  const compactions = turns.reduce((sum, turn) => sum + (turn.compactions ?? 0), 0);
  return {
    ...saidBy(turns),
    ...counted(compactions),
    ...defined({ usage, context: contextIn(turns) }),
    ...(usage && model !== undefined && { model }),
  };
}

/** How often the model has answered. */
export function stepsOf(turns: readonly CodexTurn[]): number {
  return turns.reduce((sum, { entries }) => sum + entries.filter(({ type }) => type === 'counted').length, 0);
}

/**
 * A prompt has several turns if it was cut off and went on. The model may repeat in the next one what
 * it had said whole.
 */
function saidBy(turns: readonly CodexTurn[]): Reply {
  return replyOf(turns.flatMap(({ entries }) => [...entries.flatMap(stepIn), 'divided' as const]));
}

function stepIn(entry: Entry): Step[] {
  if (entry.type === 'called' || entry.type === 'answered') return ['divided'];
  return entry.type === 'said' && entry.announced ? [{ text: entry.text }] : [];
}
