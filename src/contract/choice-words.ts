/** How a session was chosen, in words: the same on every surface. Anyone may import this. */
import type { SessionChoice } from './types.js';

/** e.g. `replaced, lost, instead of ses_1` or `resumed, model: sonnet` */
export function choiceWords({
  kind,
  reason,
  replaces,
  follows,
  forked_from: from,
  changed = {},
}: SessionChoice): string {
  return [
    kind,
    reason,
    replaces && `instead of ${replaces}`,
    follows && `after ${follows}`,
    from && `from ${from.session_id} of topic ${from.topic} up to its turn ${from.turn}`,
    ...Object.entries(changed).map(([field, value]) => `${field}: ${String(value)}`),
  ]
    .filter(Boolean)
    .join(', ');
}
