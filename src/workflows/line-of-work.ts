/**
 * A line of work: the sessions of a topic that took over from one another, with what each of them
 * has to be told before it goes on. Pure.
 */
import type { SessionId } from '../contract/ids.js';
import type { SessionRecord, TopicState } from '../contract/state.js';
import type { SessionChoice, TurnResult } from '../contract/types.js';
import { sessionOf } from './session-state.js';

export function lineOf({ session_id, line }: Pick<SessionRecord, 'session_id' | 'line'>): SessionId {
  return line ?? session_id;
}

/** The topic goes on in this session: what it came from is left, and a brief of that is due. */
export function goOnIn(
  state: TopicState,
  session: SessionRecord,
  { kind, ...choice }: SessionChoice,
  now: string,
): void {
  const { reason, replaces, follows } = choice;
  const before = replaces ?? follows;
  if (before === undefined) return;
  if (kind !== 'resumed') {
    const origin = sessionOf(state, before);
    session.line = origin ? lineOf(origin) : before;
  }
  const isLoss = reason === 'lost' || reason === 'corrupted' || reason === 'full' || reason === 'cold';
  session.brief_due = { reason: isLoss ? reason : 'agent_changed', from: before };
  const left = follows === undefined ? undefined : sessionOf(state, follows);
  // Until it was told, it knows no more than when it was left before.
  if (left && !left.brief_due) left.left = endOf(state, left, now);
  state.current = session.session_id;
}

/** A turn was completed that told it. */
export function wasTold(session: SessionRecord): void {
  delete session.brief_due;
  delete session.goals_due;
  delete session.told_first;
}

function endOf(
  { outcomes, turns }: TopicState,
  { session_id }: SessionRecord,
  now: string,
): { turn: number; at: string } {
  const last = outcomes.findLast((result) => result.turn > 0 && result.session_id === session_id);
  if (!last) return { turn: turns - 1, at: now };
  const at = new Date(Date.parse(last.started_at) + last.duration_ms);
  return { turn: last.turn, at: at.toISOString() };
}

/** The turns of its line that a session was not there for, oldest first. */
export function turnsMissedBy(state: Pick<TopicState, 'sessions' | 'outcomes'>, session: SessionRecord): TurnResult[] {
  const line = lineOf(session);
  const sessions = new Set(state.sessions.filter((one) => lineOf(one) === line).map((one) => one.session_id));
  sessions.add(line);
  if (session.brief_due) sessions.add(session.brief_due.from);
  const since = session.left?.turn ?? 0;
  const missed = state.outcomes.toReversed().filter(({ turn, session_id, session: { replaces, follows } }) => {
    if (turn === 0 || session_id === null || !sessions.has(session_id)) return false;
    // The topic may have forgotten those that came before it.
    for (const before of [replaces, follows]) if (before !== undefined) sessions.add(before);
    return session_id !== session.session_id && turn > since;
  });
  return missed.reverse();
}

/** Since when files have to be told as changed. ISO 8601. */
export function missedSince({ sessions }: Pick<TopicState, 'sessions'>, session: SessionRecord): string {
  const first = sessions.find((one) => lineOf(one) === lineOf(session)) ?? session;
  return session.left?.at ?? first.opened_at;
}
