/** Outcomes within their bounds: what a topic remembers of them, and what one of them may weigh. Pure. */
import * as limits from '../contract/limits.js';
import { cutToBytes, cutToJsonBytes, jsonBytes } from '../contract/text.js';
import type { CheckRound, TurnResult } from '../contract/types.js';

/** The newest outcome whole, and the others, newest first, whole or with their replies cut, within the bounds. */
export function remembered(outcomes: TurnResult[]): TurnResult[] {
  const newest = outcomes.at(-1);
  if (!newest) return [];
  const kept = [newest];
  let whole = limits.MAX_WHOLE_REPLIES_BYTES;
  let left = limits.MAX_REMEMBERED_BYTES;
  for (const outcome of outcomes.slice(-limits.MAX_REMEMBERED_OUTCOMES, -1).reverse()) {
    const bytes = sizeOf(outcome).reply;
    const fits = bytes <= whole;
    if (fits) whole -= bytes;
    const small = fits ? outcome : replyCut(outcome, limits.MAX_REMEMBERED_REPLY_BYTES);
    left -= sizeOf(small).whole;
    if (left < 0) break;
    kept.push(small);
  }
  return kept.reverse();
}

/** Bytes as JSON. An outcome never changes, and 200 of them are weighed at every turn. */
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

/** An outcome that fits into what the state has room for, whatever an agent or a check said. */
export function bounded(outcome: TurnResult): TurnResult {
  const { reply: whole, error, checks, ...facts } = outcome;
  const reply = cutToJsonBytes(whole, limits.MAX_REPLY_BYTES);
  const small: TurnResult = {
    ...facts,
    reply,
    ...(reply !== whole && { reply_truncated: true }),
    ...(error && { error: { ...error, message: cutToJsonBytes(error.message, 8 * 1024), fix: cutToJsonBytes(error.fix, 2 * 1024) } }),
  };
  if (!checks) return small;
  const room = limits.MAX_OUTCOME_FACTS_BYTES - 16 * 1024;
  return { ...small, checks: { ...checks, rounds: boundedRounds(checks.rounds, room) } };
}

/** The last round counts most: outputs of the others go first, then what ran in the oldest rounds. */
export function boundedRounds(rounds: CheckRound[], most: number): CheckRound[] {
  const kept = rounds.map((round, index) => (index === rounds.length - 1 ? lastRound(round) : { ...round, ran: round.ran.map(withoutOutput) }));
  for (let index = 0; index < kept.length - 1 && jsonBytes(kept) > most; index += 1) kept[index] = { ...kept[index]!, ran: [] };
  return kept;
}

type Run = CheckRound['ran'][number];

/** The checks run up to the first that fails, so only the last one has something to tell. */
function lastRound(round: CheckRound): CheckRound {
  const ran = round.ran.map((run, index) => {
    const short = { ...run, run: cutToJsonBytes(run.run, 1024) };
    if (run.output === undefined) return short;
    return index < round.ran.length - 1 ? withoutOutput(short) : { ...short, output: cutToJsonBytes(run.output, 16 * 1024) };
  });
  return { ...round, ran };
}

/** A fix was asked for with it: it is told only of the last round. */
export function withoutOutput({ output: _, ...run }: Run): Run {
  return run;
}
