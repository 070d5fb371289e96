/**
 * Keeps outcomes within their bounds: what a topic remembers of them, and how large each may be.
 * Pure.
 */
import type { AskedInTurn } from '../contract/asks.js';
import type { Failure } from '../contract/failures.js';
import { keepWithin } from '../contract/keep-within.js';
import type { LeftBehind } from '../contract/left-behind.js';
import * as limits from '../contract/limits.js';
import { cutToBytes, cutToJsonBytes, jsonBytes } from '../contract/text.js';
import type { CheckRound } from '../contract/checks.js';
import type { TopicState } from '../contract/state.js';
import type { TurnResult } from '../contract/types.js';

/**
 * Keeps the newest outcome whole. Takes the others from newest to oldest, whole or with their
 * replies cut, as far as the bounds allow.
 */
export function remembered(outcomes: TurnResult[]): TurnResult[] {
  const newest = outcomes.at(-1);
  if (!newest) return [];
  const kept = [newest];
  let whole = limits.MAX_WHOLE_REPLIES_BYTES;
  let left = limits.MAX_REMEMBERED_BYTES;
  for (const outcome of outcomes.slice(-limits.MAX_REMEMBERED_OUTCOMES, -1).reverse()) {
    const short = kept.length < limits.MAX_OUTCOMES_WITH_PARTS ? outcome : withoutParts(outcome);
    const bytes = sizeOf(short).reply;
    const fits = bytes <= whole;
    if (fits) whole -= bytes;
    const small = fits ? short : replyCut(short, limits.MAX_REMEMBERED_REPLY_BYTES);
    left -= sizeOf(small).whole;
    if (left < 0) break;
    kept.push(small);
  }
  return kept.reverse();
}

/** The state without the oldest outcomes that would make it too large to carry. */
export function carriable(state: TopicState): TopicState {
  let tooMuch = jsonBytes(state) - limits.MAX_CARRIED_BYTES;
  if (tooMuch <= 0) return state;
  const outcomes = [...state.outcomes];
  while (tooMuch > 0 && outcomes.length > 1) tooMuch -= sizeOf(outcomes.shift()!).whole + 1;
  return { ...state, outcomes };
}

/**
 * Bytes as JSON. They are kept here, because an outcome never changes and every turn measures 200
 * of them.
 */
const sizes = new WeakMap<TurnResult, { reply: number; whole: number }>();

export function sizeOf(outcome: TurnResult): { reply: number; whole: number } {
  let size = sizes.get(outcome);
  if (!size) sizes.set(outcome, (size = { reply: jsonBytes(outcome.reply), whole: jsonBytes(outcome) }));
  return size;
}

function replyCut(result: TurnResult, most: number): TurnResult {
  const reply = cutToBytes(result.reply, most);
  return reply === result.reply ? result : { ...result, reply, reply_truncated: true };
}

function withoutParts(result: TurnResult): TurnResult {
  if (!result.reply_parts) return result;
  const { reply_parts: _, ...rest } = result;
  return { ...rest, reply_parts_truncated: true };
}

/** The outcome, cut to the size that the state has room for. */
export function bounded(outcome: TurnResult): TurnResult {
  const { reply: whole, error, checks, asks, left_behind, ...facts } = outcome;
  const reply = cutToJsonBytes(whole, limits.MAX_REPLY_BYTES);
  const small: TurnResult = {
    ...facts,
    reply,
    ...(reply !== whole && { reply_truncated: true }),
    ...(error && { error: boundedFailure(error) }),
    ...(asks && { asks: boundedAsks(asks) }),
    ...(left_behind && { left_behind: boundedProcesses(left_behind) }),
  };
  if (!checks) return small;
  const others = jsonBytes({ ...small, reply: '', checks: { ...checks, rounds: [] } });
  return {
    ...small,
    checks: { ...checks, rounds: boundedRounds(checks.rounds, limits.MAX_OUTCOME_FACTS_BYTES - others) },
  };
}

export function boundedFailure(error: Failure): Failure {
  return { ...error, message: cutToJsonBytes(error.message, 8 * 1024), fix: cutToJsonBytes(error.fix, 2 * 1024) };
}

function boundedProcesses(processes: readonly LeftBehind[]): LeftBehind[] {
  return processes.slice(0, limits.MAX_LEFT_BEHIND).map(({ pid, command, since, ended }) => ({
    pid,
    command: cutToJsonBytes(command, 200),
    since: since.slice(0, 30),
    ...(ended === true && { ended }),
  }));
}

/** The newest of them. */
export function boundedAsks(asks: readonly AskedInTurn[]): AskedInTurn[] {
  const kept = [...asks];
  keepWithin(kept, limits.MAX_ASKS_OF_TURN, limits.MAX_ASKS_IN_OUTCOME_BYTES);
  return kept;
}

/**
 * The last round counts most. The outputs of the other rounds are dropped first, then the checks of
 * the oldest rounds, and at last the end of the last round's output.
 */
export function boundedRounds(rounds: CheckRound[], most: number): CheckRound[] {
  const kept = rounds.map((round, index) =>
    index === rounds.length - 1 ? lastRound(round) : { ...round, ran: round.ran.map(withoutOutput) },
  );
  for (let index = 0; index < kept.length - 1 && jsonBytes(kept) > most; index += 1)
    kept[index] = { ...kept[index]!, ran: [] };
  const [last, tooMuch] = [kept.at(-1)?.ran.at(-1), jsonBytes(kept) - most];
  if (last?.output !== undefined && tooMuch > 0)
    last.output = cutToJsonBytes(last.output, Math.max(jsonBytes(last.output) - tooMuch, 0));
  return kept;
}

type Run = CheckRound['ran'][number];

/** Checks run up to the first failed one, so only the output of the last one matters. */
function lastRound(round: CheckRound): CheckRound {
  const ran = round.ran.map((run, index) => {
    const short = { ...run, run: cutToJsonBytes(run.run, 1024) };
    if (run.output === undefined) return short;
    return index < round.ran.length - 1
      ? withoutOutput(short)
      : { ...short, output: cutToJsonBytes(run.output, 16 * 1024) };
  });
  return { ...round, ran };
}

/**
 * An earlier round's output has been sent to the session with the request to fix it. Only the last
 * round keeps its output.
 */
export function withoutOutput({ output: _, ...run }: Run): Run {
  return run;
}
