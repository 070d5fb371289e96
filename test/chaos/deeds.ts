/** What an operator does to a topic, and what may come of it. Pure. */

/**
 * With the weights of the dice. The resets go to the first, the last and any completed workflow
 * task.
 */
export const DEEDS = {
  cancel: 4,
  'request cancellation': 2,
  terminate: 3,
  'reset to first': 1,
  'reset to last': 1,
  'reset to any': 2,
  pause: 2,
} as const;

export type Deed = keyof typeof DEEDS;

export interface DeedDone {
  /** ms since the epoch, before the call: a call that broke off may have been carried out. */
  at: number;
  topic: string;
  deed: Deed;
}

/**
 * - `cancelled`: outcomes of that status
 * - `cut off`: outcomes OUTCOME_UNKNOWN, because the topic was ended from outside
 * - `closed`, `terminated`: runs that ended so
 * - `repeated`: turns that stand in the history twice, because a reset has them harvested again
 */
export type Consequence = 'cancelled' | 'cut off' | 'closed' | 'terminated' | 'repeated';

const CONSEQUENCES: Record<Deed, readonly Consequence[]> = {
  cancel: ['cancelled'],
  'request cancellation': ['cancelled', 'closed'],
  terminate: ['cancelled', 'cut off', 'terminated'],
  'reset to first': ['repeated'],
  'reset to last': ['repeated'],
  'reset to any': ['repeated'],
  pause: [],
};

/** What the deeds on a topic excuse, and nothing else. */
export function excusedOn(topic: string, deeds: readonly DeedDone[]): Set<Consequence> {
  return new Set(deeds.filter((done) => done.topic === topic).flatMap(({ deed }) => CONSEQUENCES[deed]));
}

const ENDING: readonly Deed[] = ['cancel', 'request cancellation', 'terminate', 'pause'];
const RESETTING: readonly Deed[] = ['reset to first', 'reset to last', 'reset to any', 'pause'];

/**
 * Every fourth topic bears everything, another only ends, another only resets, and one is left
 * alone: so each excuse is narrow.
 */
export function deedsFor(topicNumber: number): readonly Deed[] {
  const all = Object.keys(DEEDS) as Deed[];
  return [all, ENDING, RESETTING, []][topicNumber % 4] ?? [];
}
