/** Counts what a topic has used, by day, agent and model. Pure. Anyone may import this. */
import { cutToJsonBytes, jsonBytes } from './text.js';
import { keepWithin } from './keep-within.js';
import { MAX_LEDGER_BYTES, MAX_LEDGER_DAYS } from './limits.js';
import type { Usage } from './types.js';
import { beyond, sumOf, tokensOf } from './usage.js';

/**
 * One line of the ledger, kept short because the topic carries it. The day is counted from
 * 1970-01-01, in UTC. The model is null if the session has none of its own. The cost is null if it is not
 * known.
 */
export type LedgerEntry = [
  day: number,
  agent: string,
  model: string | null,
  turns: number,
  input: number,
  output: number,
  reasoning: number,
  cacheRead: number,
  cacheWrite: number,
  usd: number | null,
];

/** What was used on one day, as people read it. */
export interface UsedOnDay {
  /** In UTC, e.g. `2026-11-30`. */
  day: string;
  agent: string;
  /** Absent: the agent's default. */
  model?: string;
  /** The turns that ended on that day and said what they used. */
  turns: number;
  used: Usage;
}

const DAY_MS = 86_400_000;
/** 9999-12-31 */
const LAST_DAY = 2_932_896;
const MAX_NAME_BYTES = 100;

/** The day of a time, by the clock of the topic. `undefined`: the text is not a time. */
function dayOf(time: string): number | undefined {
  const day = Math.floor(Date.parse(time) / DAY_MS);
  return day >= 0 && day <= LAST_DAY ? day : undefined;
}

export const dayName = (day: number) => new Date(day * DAY_MS).toISOString().slice(0, 10);

/**
 * Adds what a turn has used to its day. Each turn is added once, to the day that the clock says, even if the
 * clock jumps. A day that is older than all kept days is dropped.
 */
export function addToLedger(
  ledger: LedgerEntry[],
  used: Usage,
  { at, agent, model }: { at: string; agent: string; model?: string },
): void {
  const day = dayOf(at);
  if (day === undefined) return;
  const names = [
    cutToJsonBytes(agent, MAX_NAME_BYTES),
    model === undefined ? null : cutToJsonBytes(model, MAX_NAME_BYTES),
  ] as const;
  const same = ledger.findIndex((entry) => entry[0] === day && entry[1] === names[0] && entry[2] === names[1]);
  const before = ledger[same];
  const entry = entryOf(day, ...names, before ? before[3] + 1 : 1, sumOf(before ? [usageOf(before), used] : [used]));
  if (before) ledger[same] = entry;
  else ledger.splice(ledger.findLastIndex((one) => one[0] <= day) + 1, 0, entry);
  const days = [...new Set(ledger.map(([each]) => each))].slice(-MAX_LEDGER_DAYS);
  const gone = ledger.findIndex((one) => one[0] >= days[0]!);
  ledger.splice(0, gone);
  keepWithin(ledger, ledger.length, MAX_LEDGER_BYTES, jsonBytes);
}

function entryOf(day: number, agent: string, model: string | null, turns: number, used: Usage): LedgerEntry {
  const { input_tokens, output_tokens, reasoning_tokens, cache_read_tokens, cache_write_tokens, cost_usd } = used;
  const usd = cost_usd === undefined ? null : millionths(cost_usd);
  return [
    day,
    agent,
    model,
    turns,
    input_tokens,
    output_tokens,
    reasoning_tokens,
    cache_read_tokens,
    cache_write_tokens,
    usd,
  ];
}

/** Rounds to millionths of a dollar, because sums of fractions gain digits. */
const millionths = (usd: number) => (usd < 1e9 ? Math.round(usd * 1e6) / 1e6 : usd);

export function usageOf([, , , , input, output, reasoning, cacheRead, cacheWrite, usd]: LedgerEntry): Usage {
  return {
    input_tokens: input,
    output_tokens: output,
    reasoning_tokens: reasoning,
    cache_read_tokens: cacheRead,
    cache_write_tokens: cacheWrite,
    ...(usd !== null && { cost_usd: usd }),
  };
}

/** Oldest first. */
export function daysOf(ledger: readonly LedgerEntry[]): UsedOnDay[] {
  return ledger.map((entry) => {
    const [day, agent, model, turns] = entry;
    return { day: dayName(day), agent, ...(model !== null && { model }), turns, used: usageOf(entry) };
  });
}

/** What a topic has used on days that it does not know. `undefined`: nothing. */
export function undatedIn(used: Usage | undefined, days: readonly UsedOnDay[]): Usage | undefined {
  const dated = sumOf(days.map((one) => one.used));
  const rest = used && beyond(used, dated);
  return rest && tokensOf(rest) >= 1 ? rest : undefined;
}
