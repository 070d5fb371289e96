/**
 * What a topic and its sessions have used: sums, the ledger by day, and what the estimate of fresh
 * sessions needs. Pure, as `session-state.ts`.
 */
import type { Answered } from '../contract/asks.js';
import { raisedTo } from '../contract/budget.js';
import { defined } from '../contract/defined.js';
import { afterFirst, afterFollowUp } from '../contract/estimate.js';
import { addToLedger } from '../contract/ledger.js';
import type { RunningPrompt, SessionRecord, TopicState } from '../contract/state.js';
import type { Usage } from '../contract/types.js';
import { hasCost, sumOf, tokensOf } from '../contract/usage.js';

/** Remembers up to which budget a person has let the topic go. */
function noteBudget(state: TopicState, answered: readonly Answered[] = []): void {
  for (const { ask, answer } of answered) {
    const limit = ask.budget?.name === 'cost_per_topic' ? raisedTo(ask.budget, answer) : undefined;
    if (limit !== undefined) state.budget_usd = Math.min(limit, Number.MAX_SAFE_INTEGER); // JSON has no Infinity.
  }
}

type Cost = NonNullable<TopicState['cost']>;

function costIn(used: Usage): Cost {
  const { cost_usd: usd = 0 } = used;
  if (hasCost(used)) return { usd };
  return { usd: 0, ...(tokensOf(used) > 0 && { is_partial: true }) };
}

/** What a topic has cost so far. An older release kept the sum only. */
export const costOf = ({ cost, used }: TopicState): Cost => cost ?? (used ? costIn(used) : { usd: 0 });

function sumOfCosts(one: Cost, other: Cost): Cost {
  const usd = Math.min(one.usd + Math.max(other.usd, 0), Number.MAX_SAFE_INTEGER);
  return { usd, ...((one.is_partial ?? other.is_partial) && { is_partial: true }) };
}

/** A turn that has ended. */
interface Ended {
  /** When, by the clock of the topic. ISO 8601. */
  at: string;
  /** The model that worked, where the agent says so. */
  model?: string;
  /** Whether it is the first turn of a session that was opened for it. */
  opened: boolean;
}

/** Adds what a turn has used to the session and to the topic. */
export function noteUsage(state: TopicState, session: SessionRecord, used: Usage | undefined, ended: Ended): void {
  if (!used) return;
  if (session.followed_up) session.followed_up = afterFollowUp(session.followed_up, used);
  else if (ended.opened && !session.used) session.followed_up = afterFirst(used);
  const { agent, model } = session.pinned;
  addToLedger((state.ledger ??= []), used, { at: ended.at, agent, ...defined({ model: ended.model ?? model }) });
  state.cost = sumOfCosts(costOf(state), costIn(used));
  for (const one of [state, session]) one.used = sumOf(one.used ? [one.used, used] : [used]);
}

/** Adds what a turn has used, and deletes `turn.used`, so that it is added once. */
export function noteWork(
  state: TopicState,
  turn: RunningPrompt,
  session: SessionRecord,
  { usage, model }: { usage?: Usage; model?: string },
  at: string,
): void {
  const opened = turn.choice !== undefined && turn.choice.kind !== 'resumed';
  noteUsage(state, session, usage, { at, opened, ...defined({ model }) });
  noteBudget(state, turn.answered);
  delete turn.used;
}
