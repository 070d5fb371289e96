/** Reads how a turn ended, and what it said. */
import { defined } from '../../contract/defined.js';
import { failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import type { Sight } from '../driver.js';
import { counted } from '../shared/compactions.js';
import { failureOf, refusedIn } from './failures.js';
import { untilOf } from './resets.js';
import type { CodexTurn } from './rollout.js';
import type { TurnState } from './turn-state.js';
import { usageOf } from './usage.js';

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
  if (!replyOf(turns) && !worked)
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
    reply: replyOf(turns),
    ...counted(compactions),
    ...defined({ usage }),
    ...(usage && model !== undefined && { model }),
  };
}

/** How often the model has answered. */
export function stepsOf(turns: readonly CodexTurn[]): number {
  return turns.reduce((sum, { entries }) => sum + entries.filter(({ type }) => type === 'counted').length, 0);
}

/** The last message of the agent, which is what Codex itself takes as the answer of a turn. */
function replyOf(turns: readonly CodexTurn[]): string {
  const said = turns.flatMap(({ entries }) =>
    entries.flatMap((entry) => (entry.type === 'said' && entry.announced ? [entry.text.trim()] : [])),
  );
  return said.findLast((text) => text !== '') ?? '';
}
