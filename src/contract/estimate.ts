/**
 * Estimates what follow-ups would have cost in fresh sessions, by the model that `docs/continuity.md`
 * explains and measures. Pure. Anyone may import this.
 *
 * A fresh session first reads again what the session's first turn has read, and then does the work of the
 * follow-up. The estimate is a range. Its lower end is half of that reading, each token once. Its upper end
 * is the whole cost of the first turn.
 */
import type { Usage } from './types.js';
import { beyond, hasCost, sumOf } from './usage.js';

/** What the estimate needs of a session. Each turn updates it. */
export interface FollowedUp {
  /** What its first turn used. */
  first: Usage;
  /** How many turns came after it. */
  count: number;
  /** The tokens of its conversation, as far as they are known. */
  context: number;
  /** What the follow-ups alone would have cost in fresh sessions, in input tokens weighted by price. */
  own: number;
}

export interface Estimate {
  follow_ups: number;
  /** What they have cost. `weighted_tokens` counts each token by its price, in input tokens outside of the cache. */
  used: { weighted_tokens: number; cost_usd?: number };
  /** What they would have cost in fresh sessions, from and to: an estimate. */
  fresh: { weighted_tokens: [from: number, to: number]; cost_usd?: [from: number, to: number] };
}

/** Prices as parts of the price of an input token (docs/continuity.md). */
const READ = 0.1;
const WRITE = 1.25;
const OUTPUT = 5;

/** If the provider read this share of the conversation anew, its cache had nothing of it. */
const CACHE_IS_COLD = 0.9;

const outsideOfCache = ({ input_tokens, cache_write_tokens }: Usage) => input_tokens + WRITE * cache_write_tokens;
const fromCache = ({ cache_read_tokens }: Usage) => READ * cache_read_tokens;
const weighted = (used: Usage) => outsideOfCache(used) + fromCache(used);
const added = ({ input_tokens, cache_write_tokens }: Usage) => input_tokens + cache_write_tokens;
const written = ({ output_tokens, reasoning_tokens }: Usage) => output_tokens + reasoning_tokens;

/** The record of a session after its first turn. */
export const afterFirst = (used: Usage): FollowedUp => {
  const first = sumOf([used]);
  return { first, count: 0, context: added(first), own: 0 };
};

/** The record after one more turn. */
export function afterFollowUp({ first, count, context, own }: FollowedUp, turn: Usage): FollowedUp {
  const used = sumOf([turn]);
  const more = added(used);
  // The cache had lost the conversation, so the turn paid for reading it. A fresh session would not have.
  const again = more >= CACHE_IS_COLD * context ? Math.min(context, more) : 0;
  const alone = more > 0 ? (outsideOfCache(used) * (more - again)) / more : 0;
  // Each request reads the conversation, which has grown since the first turn.
  const share = context > 0 ? Math.min(added(first) / context, 1) : 1;
  return {
    first,
    count: count + 1,
    context: bounded(again > 0 ? more : context + more),
    own: bounded(Math.round(own + alone + fromCache(used) * share)),
  };
}

const bounded = (value: number) => Math.min(value, Number.MAX_SAFE_INTEGER);

interface Session {
  used?: Usage;
  followed_up?: FollowedUp;
}

/** `undefined` without a follow-up, or if the agent does not report what it uses. */
export function estimateOf(sessions: readonly Session[]): Estimate | undefined {
  const each = sessions.flatMap(({ used, followed_up }) =>
    used && followed_up && followed_up.count > 0 ? estimateOfOne(used, followed_up) : [],
  );
  return each.length > 0 && each.some(({ fresh }) => fresh.weighted_tokens[1] > 0) ? sumOfEstimates(each) : undefined;
}

function estimateOfOne(used: Usage, { first, count, own }: FollowedUp): Estimate {
  const followUps = beyond(used, first)!;
  const whole = weighted(first);
  // Each request of a turn reads what came before it, so half of the reading costs about a quarter.
  const least = Math.min(outsideOfCache(first) / 2, whole / 4);
  const fresh = [own + count * least, own + count * whole].map(Math.round) as [number, number];
  const spent = weighted(followUps);
  const tokens = { used: { weighted_tokens: Math.round(spent) }, fresh: { weighted_tokens: fresh } };
  const all = weighted(used) + OUTPUT * written(used);
  if (!hasCost(used) || !hasCost(followUps) || all === 0) return { follow_ups: count, ...tokens };
  const { cost_usd } = followUps;
  // The model's output costs the same in both.
  const cost = fresh.map((one) => Math.max(cost_usd + ((one - spent) * used.cost_usd) / all, 0)) as [number, number];
  return {
    follow_ups: count,
    used: { ...tokens.used, cost_usd },
    fresh: { ...tokens.fresh, cost_usd: cost },
  };
}

function sumOfEstimates(each: readonly Estimate[]): Estimate {
  const sum = (of: (one: Estimate) => number) => bounded(each.reduce((total, one) => total + of(one), 0));
  const range = (of: (one: Estimate) => readonly [number, number]): [number, number] => [
    sum((one) => of(one)[0]),
    sum((one) => of(one)[1]),
  ];
  const isPriced = each.every(({ used, fresh }) => used.cost_usd !== undefined && fresh.cost_usd !== undefined);
  return {
    follow_ups: sum((one) => one.follow_ups),
    used: {
      weighted_tokens: sum(({ used }) => used.weighted_tokens),
      ...(isPriced && { cost_usd: sum(({ used }) => used.cost_usd ?? 0) }),
    },
    fresh: {
      weighted_tokens: range(({ fresh }) => fresh.weighted_tokens),
      ...(isPriced && { cost_usd: range(({ fresh }) => fresh.cost_usd ?? [0, 0]) }),
    },
  };
}

/** e.g. `Estimate: 14 follow-ups, $2.30. In fresh sessions they would have cost $4.10 to $9.80.` */
export function estimateWords({ follow_ups, used, fresh }: Estimate): string {
  const many = follow_ups === 1 ? '1 follow-up' : `${follow_ups} follow-ups`;
  const [it, have] = follow_ups === 1 ? ['it', 'a fresh session'] : ['they', 'fresh sessions'];
  const [spent, from, to] =
    used.cost_usd !== undefined && fresh.cost_usd
      ? [used.cost_usd, ...fresh.cost_usd].map((usd) => `$${usd.toFixed(2)}`)
      : [used.weighted_tokens, ...fresh.weighted_tokens].map(short);
  const unit = used.cost_usd !== undefined && fresh.cost_usd ? '' : ' input tokens weighted by price';
  return `Estimate: ${many} cost ${spent}${unit}; in ${have} ${it} would have cost ${from === to ? from : `${from} to ${to}`}, by reading again half to all of what the first turn read`;
}

/** e.g. `980`, `12.3k` or `4.5M` */
function short(tokens: number): string {
  if (tokens < 1000) return String(tokens);
  const [size, unit] = tokens < 1e6 ? [1e3, 'k'] : [1e6, 'M'];
  return `${(tokens / size).toFixed(1)}${unit}`;
}
