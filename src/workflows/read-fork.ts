/** Checks the results of `findOrigin` and `forkSession`, as `read-results.ts` checks the others. Pure. */
import type { ForkSessionOutput } from '../activities/fork-types.js';
import type { ForkOrigin } from '../contract/fork.js';
import { isId } from '../contract/ids.js';
import { isObject } from '../contract/is-object.js';
import { TURN_STATUSES, type TurnStatus } from '../contract/types.js';
import { openedIn } from './read-results.js';

export function forkedIn(answer: unknown): ForkSessionOutput | undefined {
  if (isObject(answer) && typeof answer.cannot === 'string') return { cannot: answer.cannot };
  return openedIn(answer);
}

export function originRead(answer: unknown): ForkOrigin | undefined {
  if (!isObject(answer) || !isObject(answer.session) || !Array.isArray(answer.told)) return undefined;
  const { topic, session_id, prompt_id, turn, session, told } = answer;
  const opened = openedIn({ session_id, pinned: session.pinned });
  if (!opened || !isId(topic) || !isId(prompt_id) || !Number.isSafeInteger(turn)) return undefined;
  if (typeof session.opened_at !== 'string' || !told.every(isTold)) return undefined;
  return { ...answer, session: { ...session, pinned: opened.pinned } } as unknown as ForkOrigin;
}

function isTold(value: unknown): boolean {
  return (
    isObject(value) &&
    Number.isSafeInteger(value.turn) &&
    typeof value.agent === 'string' &&
    typeof value.reply === 'string' &&
    TURN_STATUSES.includes(value.status as TurnStatus)
  );
}
