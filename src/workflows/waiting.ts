/**
 * A turn that waits: for a person's answer, for a provider's quota, or for an agent that can work
 * again. No activity runs meanwhile, so a wait holds no slot of a worker. Whatever ends the wait
 * changes `turn.waiting`, and the wait notices.
 */
import * as wf from '@temporalio/workflow';
import type { RunTurnOutput, TurnWaits } from '../activities/types.js';
import type { Answered, Ask, AskedInTurn, Waiting } from '../contract/asks.js';
import { defined } from '../contract/defined.js';
import { failure, type Failure } from '../contract/failures.js';
import { keepWithin } from '../contract/keep-within.js';
import {
  MAX_ANSWERED_BYTES_OF_TURN,
  MAX_ASKS_OF_TURN,
  MAX_BUDGET_ASKS,
  MAX_BUDGET_ASKS_BYTES,
} from '../contract/limits.js';
import type { RunningPrompt } from '../contract/state.js';
import { titleOf } from '../contract/text.js';
import { boundedAsks, boundedFailure } from './remembered.js';
import { now } from './time.js';
import type { Work } from './turn.js';

const MINUTE_MS = 60_000;
/** The pause after the first try, where the provider names no time. It doubles with each try. */
const FIRST_PAUSE_MS = MINUTE_MS;
/** With this, a parked hour costs fewer than 6 events: a try costs 13. */
const LONGEST_PAUSE_MS = 150 * MINUTE_MS;
/** A provider that takes requests again is asked a little later, because clocks differ. */
const AFTER_RESET_MS = 2_000;

/** What the turn waits for instead of ending so. `undefined` when it ends. */
export function waitOf({ turn, prompt }: Work, ended: RunTurnOutput): Waiting | undefined {
  const { waits, error, usage } = ended;
  if (!waits) return undefined;
  const since = now();
  if (waits.for === 'answer') {
    const until = new Date(Date.parse(since) + waits.within_ms).toISOString();
    return { for: 'answer', ask: waits.ask, since, until };
  }
  if (!error || (waits.for === 'agent' && !prompt.patient)) return undefined;
  return parked(turn, waits, error, usage?.output_tokens);
}

/**
 * Whether this run waits. A worker of an older release may have taken such a result for the end of the
 * turn, or did not know such an ask.
 */
export function waitsHere(waiting: Waiting): boolean {
  if (!wf.patched('turns-wait')) return false;
  const kind = waiting.for === 'answer' ? waiting.ask.kind : undefined;
  if (kind === 'budget') return wf.patched('budgets-ask');
  return kind !== 'cold' || wf.patched('cold-sessions-ask');
}

/** The wait of a patient prompt that could not even begin. */
export function waitForAgent({ topic, turn, prompt }: Work, error: Failure): Waiting | undefined {
  if (!prompt.patient || !topic.features.isTrouble(error)) return undefined;
  return parked(turn, { for: 'agent', most_ms: Number.MAX_SAFE_INTEGER }, error);
}

type Parked = Pick<TurnWaits & { for: 'quota' | 'agent' }, 'for' | 'until' | 'most_ms'>;

/** `said`: the tokens that the model has answered in this turn. Absent: not known, or none. */
function parked(turn: RunningPrompt, waits: Parked, because: Failure, said = 0): Waiting | undefined {
  const since = now();
  if (said > (turn.said ?? 0)) {
    // The model has answered since the wait before. Time alone says nothing: an agent can take
    // minutes to find out that its provider still refuses.
    delete turn.parked_since;
    delete turn.tries;
    turn.said = said;
  }
  turn.parked_since ??= since;
  turn.tries = (turn.tries ?? 0) + 1;
  const end = Date.parse(turn.parked_since) + waits.most_ms;
  const reset = waits.until === undefined ? NaN : Date.parse(waits.until) + AFTER_RESET_MS;
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (turn.tries - 1), LONGEST_PAUSE_MS);
  // A reset that is over although the provider still refuses is no reset.
  const at = reset > Date.parse(since) ? reset : Date.parse(since) + pause;
  if (at > end) return undefined;
  return { for: waits.for, because: boundedFailure(because), since, until: new Date(at).toISOString() };
}

/** Waits until the turn can go on. @throws CancelledFailure when the turn is cancelled */
export async function waited({ topic, turn, scope }: Work, waiting: Waiting): Promise<void> {
  turn.waiting = waiting;
  topic.notices.waits(turn, waiting);
  topic.announce();
  topic.show();
  try {
    const left = Math.max(Date.parse(waiting.until) - Date.parse(now()), 1);
    const inTime = await scope.run(() => wf.condition(() => turn.waiting !== waiting, left));
    // An answer may come in the same task as the end of the time, which a worker that was away finds.
    const isOver = !inTime && turn.waiting === waiting;
    if (isOver && waiting.for === 'answer') answered(turn, { ask: waiting.ask, ...nobody(waiting) });
  } catch (error) {
    if (waiting.for === 'answer' && waiting.ask.kind === 'cold') turn.kept_out = true;
    throw error;
  } finally {
    delete turn.waiting;
    topic.announce();
    topic.show();
  }
}

function nobody({ since, until }: Waiting): Pick<Answered, 'answer' | 'by'> {
  const minutes = Math.max(Math.round((Date.parse(until) - Date.parse(since)) / MINUTE_MS), 1);
  const text = `Nobody answered within ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}. Go on without it, and say what you left out.`;
  return { answer: { decision: 'deny', text }, by: 'time' };
}

/** Notes an answer, and lets the turn go on. */
export function answered(turn: RunningPrompt, ...given: Answered[]): void {
  if (given.length === 0) return;
  const all = [...(turn.answered ?? []), ...given];
  // Many permissions must not push out how far the turn may go.
  const budgets = all.filter(({ ask }) => ask.budget);
  const others = all.filter(({ ask }) => !ask.budget);
  keepWithin(budgets, MAX_BUDGET_ASKS, MAX_BUDGET_ASKS_BYTES);
  keepWithin(others, MAX_ASKS_OF_TURN, MAX_ANSWERED_BYTES_OF_TURN);
  const kept = new Set([...budgets, ...others]);
  turn.answered = all.filter((one) => kept.has(one));
  delete turn.waiting;
}

/** What the next attempt has to know of the waits before it. */
export function knownOf({ answered, goes_on, worked_ms, instead }: RunningPrompt) {
  return { waits: true as const, ...defined({ answered, goes_on, worked_ms, instead }) };
}

/** The asks for an outcome. `undefined` when there were none. */
export function asksOf({ answered = [] }: RunningPrompt): AskedInTurn[] | undefined {
  if (answered.length === 0) return undefined;
  const asks = answered.map(({ ask, answer, by }) => ({
    kind: ask.kind,
    ...defined({ tool: ask.tool }),
    text: titleOf(ask.text, 200),
    decision: answer.decision,
    ...defined({ reply: answer.text && titleOf(answer.text, 200) }),
    by,
  }));
  return boundedAsks(asks);
}

/** The refusal of an answer while nothing is asked. */
export function nothingAsked(topic: string): Failure {
  return failure('ASK_UNKNOWN', `Topic ${topic} asks nothing now. The ask was answered, or its turn is over.`);
}

export function askOf({ waiting }: RunningPrompt): Ask | undefined {
  return waiting?.for === 'answer' ? waiting.ask : undefined;
}
