/** What the judge says of turns that wait: nothing is burnt, and nothing runs that was denied. Pure. */
import type { TurnResult } from '../../src/contract/types.js';
import type { Consequence } from './deeds.js';
import type { Entry } from './ledger.js';
import type { Spell } from './weather.js';

/** A prompt that was denied every time, with a tool that ran. */
export function ranThoughDenied(results: TurnResult[], effects: ReadonlyMap<string, number>): string[] {
  return results.flatMap(({ prompt_id, asks = [] }) => {
    const isDenied = asks.length > 0 && asks.every(({ decision }) => decision === 'deny');
    return isDenied && effects.has(prompt_id) ? [`${prompt_id} was denied, and its tool ran`] : [];
  });
}

export function wasLoggedOut({ started_at, duration_ms }: TurnResult, spells: readonly Spell[]): boolean {
  return spells.some(({ trouble, from }) => trouble === 'login' && from <= Date.parse(started_at) + duration_ms);
}

const BEGINS_ANEW: Consequence[] = ['closed', 'terminated', 'repeated'];

/**
 * A login that does not count fails the prompt at hand. What waited behind it must not fail as
 * well. A topic that was ended or reset has no queue, and its callers ask again.
 */
export function burnt(results: TurnResult[], ledger: Entry[], excused: ReadonlySet<Consequence>): string[] {
  if (BEGINS_ANEW.some((way) => excused.has(way))) return [];
  const endOf = ({ started_at, duration_ms }: TurnResult) => Date.parse(started_at) + duration_ms;
  const refused = results.filter(({ error }) => error?.code === 'AGENT_AUTH');
  return refused.flatMap((later) => {
    const accepted = ledger.find(({ what, label }) => what === 'accepted' && label === later.prompt_id)?.at ?? Infinity;
    const earlier = refused.find(
      (one) => one !== later && endOf(one) <= Date.parse(later.started_at) && accepted < endOf(one),
    );
    return earlier ? [`${later.prompt_id} was burnt behind ${earlier.prompt_id}`] : [];
  });
}
