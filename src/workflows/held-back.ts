/**
 * Holds back prompts that wait until their session is warm (`when_warm`). Such a prompt starts no turn in a
 * cold session. It runs once another prompt's turn has made the session warm, or when its time is over.
 * `ifCold` is what a turn needs if its session is cold. Pure.
 */
import { milliseconds } from '../contract/duration.js';
import { defined } from '../contract/defined.js';
import { isWarm, type IfCold } from '../contract/session-context.js';
import type { QueuedPrompt, RunningPrompt, SessionRecord, TopicState } from '../contract/state.js';
import { currentSession, sessionOf } from './session-state.js';

/** When it runs at the latest, in ms since 1970. `undefined`: it waits for no warm session. */
function deadlineOf({ request, accepted_at }: QueuedPrompt): number | undefined {
  return request.when_warm === undefined ? undefined : Date.parse(accepted_at) + milliseconds(request.when_warm);
}

/** The same, for people. ISO 8601. */
export function runsBy(queued: QueuedPrompt): string | undefined {
  const deadline = deadlineOf(queued);
  return deadline === undefined ? undefined : new Date(deadline).toISOString();
}

/** Whether the prompt stays in the queue for now. `now`: ISO 8601. */
function isHeld(state: TopicState, queued: QueuedPrompt, now: string): boolean {
  const deadline = deadlineOf(queued);
  if (deadline === undefined || state.closing) return false;
  const time = Date.parse(now);
  const { session_id } = queued.request;
  const session = session_id === undefined ? currentSession(state) : sessionOf(state, session_id);
  // A topic without a session has nothing that could be warm.
  if (deadline <= time || !session || (session.lost && session.lost !== 'cold')) return false;
  return !session.context || !isWarm(session.context, time);
}

/** The place in the queue of the prompt to work on next. -1: none, or all of them are held. */
export function nextIn(state: TopicState, now: string): number {
  return state.queue.findIndex((queued) => !isHeld(state, queued, now));
}

/** When the first of the held prompts runs at the latest, in ms since 1970. */
export function heldUntil({ queue }: Pick<TopicState, 'queue'>): number | undefined {
  const deadlines = queue.flatMap((queued) => deadlineOf(queued) ?? []);
  return deadlines.length === 0 ? undefined : Math.min(...deadlines);
}

/** A fix belongs to the turn before it, however long the checks took. */
export function ifCold({ prompt, fix }: RunningPrompt, { context }: SessionRecord): IfCold {
  const { session_id, on_cold } = prompt.request;
  if (fix !== undefined) return {};
  const said = on_cold === 'compact' ? { on_cold: 'continue' as const, compacts_first: true as const } : { on_cold };
  return { ...defined({ context, ...said }), ...(session_id === undefined && { may_be_replaced: true as const }) };
}
