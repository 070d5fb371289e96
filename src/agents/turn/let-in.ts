import type { Stop, TurnRequest } from '../agent.js';
import type { PromptKey } from '../driver.js';
import type { Compacting } from './compacting.js';
import type { PromptNotes } from './prompt-notes.js';

/**
 * Decides whether the prompt enters its session. A `Stop` keeps it out. `compact`: the conversation is
 * compacted first. `undefined`: the prompt enters, and this is noted. The request of an attempt that died
 * may still reach the agent. A later attempt that decided otherwise would ask about a prompt that is in the
 * session, or put it into a second one.
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
