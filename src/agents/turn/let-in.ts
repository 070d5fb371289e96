import type { Stop, TurnRequest } from '../agent.js';
import type { PromptKey } from '../driver.js';
import type { Compacting } from './compacting.js';
import type { PromptNotes } from './prompt-notes.js';

/**
 * Why the prompt does not enter its session, or `compact`: not before its conversation is compacted.
 * `undefined`: it does. That is noted, because the request of an attempt that died may still be under
 * way: a later attempt that decided otherwise would ask about a prompt that the session gets, or put
 * it into a second one.
 */
export async function keptOut(
  { before_put }: Pick<TurnRequest, 'before_put'>,
  notes: Pick<PromptNotes, 'has' | 'add'>,
  key: PromptKey,
  compacting: Pick<Compacting, 'decided'>,
): Promise<Stop | 'compact' | undefined> {
  if (!before_put || (await notes.has('let_in', key))) return undefined;
  const stop = await before_put();
  if (stop === 'compact') await compacting.decided();
  if (!stop || stop === 'compact') await notes.add('let_in', key);
  return stop;
}
