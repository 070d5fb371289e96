/** Enters the session that was chosen for a prompt: one of the topic, or a new one. */
import type { SessionRecord } from '../contract/state.js';
import type { SessionChoice } from '../contract/types.js';
import { adoptSession } from './adopt.js';
import type { Destination } from './choose-session.js';
import { forkedSession } from './fork.js';
import { openSession } from './open-session.js';
import type { Work } from './turn.js';

export async function enterSession(
  work: Work,
  place: Destination,
): Promise<{ session: SessionRecord; choice: SessionChoice }> {
  const { choice } = place;
  if ('session' in place) return { session: place.session, choice };
  if ('adopt' in place) return { session: await adoptSession(work, place), choice };
  if ('fork' in place) return forkedSession(work, place);
  return { session: await openSession(work, place), choice };
}

/** For a result without a session. A session that could not be taken over was not adopted. */
export function unentered(place: Destination): SessionChoice {
  if ('fork' in place) return { kind: 'new' };
  return 'adopt' in place ? { kind: 'resumed' } : place.choice;
}
