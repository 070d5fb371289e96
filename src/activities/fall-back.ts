/**
 * Chooses the model that works on a turn: the session's own, or the next of `fallbackModels` when
 * that one cannot. The session keeps its own model, and a later turn tries it again.
 *
 * - A model that its provider does not have is left for an hour.
 * - A model whose limit is used up is left until the provider takes it again, and for a day at
 *   most. A short wait is waited for instead: another model would read the whole conversation anew.
 */
import type { AgentOutcome, SessionRef } from '../agents/agent.js';
import type { Config } from '../config.js';
import { defined } from '../contract/defined.js';
import type { FailureCode } from '../contract/failures.js';
import type { Pinned } from '../contract/types.js';
import type { AbsentModels } from './absent-models.js';

const MINUTE_MS = 60_000;
export const MISSING_FOR_MS = 60 * MINUTE_MS;
/** A topic waits for a limit that ends within this time. One without a time is left for so long. */
const WAITS_FOR_MS = 10 * MINUTE_MS;
/** A model is tried once a day, whatever time its provider named. */
const LONGEST_MS = 24 * 60 * MINUTE_MS;

/** What a turn may fall back to, of config. */
export function fallbackModelsOf(
  { category, agent }: Pick<Pinned, 'category' | 'agent'>,
  { categories, agents }: Pick<Config, 'categories' | 'agents'>,
): readonly string[] {
  const ofCategory = category === undefined ? undefined : categories[category]?.fallbackModels;
  return ofCategory ?? agents[agent]?.fallbackModels ?? [];
}

interface Chain {
  /** Of agent. Its models are its own. */
  kind: string;
  /** Of the session. Absent: the agent's default. */
  own: string | undefined;
  fallbacks: readonly string[];
  /** Whether the topic can wait in the middle of a turn. */
  waits: boolean;
}

export class FallBack {
  /** The session's own comes first. */
  readonly #models: readonly (string | undefined)[];
  readonly #failed = new Map<string | undefined, AgentOutcome>();
  /** The model that works on the turn. */
  model: string | undefined;

  /** `before`: the model that an attempt before this one fell back to. */
  constructor(
    private readonly chain: Chain,
    private readonly absent: AbsentModels,
    before?: string,
  ) {
    const { own, fallbacks } = chain;
    this.#models = [own, ...fallbacks.filter((model) => model !== own)];
    const known = before !== undefined && fallbacks.includes(before) ? before : undefined;
    // If none is there, the session's own is tried.
    this.model = known ?? this.#next() ?? own;
  }

  /** Whether another model worked on the turn before, in this attempt. */
  get goesOn(): boolean {
    return this.#failed.size > 0;
  }

  get hasAnother(): boolean {
    return this.#models.some((model) => model !== this.model && !this.#failed.has(model));
  }

  /** The model that works instead of the session's own. */
  get instead(): string | undefined {
    return this.model === this.chain.own ? undefined : this.model;
  }

  /** The model that another one has worked for. `undefined`: the session's own has worked. */
  fellBackFrom({ model }: Pick<AgentOutcome, 'model'>): string | undefined {
    const { own, fallbacks } = this.chain;
    // An attempt that was killed may have fallen back without a word.
    const isOther = this.instead !== undefined || (model !== undefined && model !== own && fallbacks.includes(model));
    return isOther ? (own ?? 'default') : undefined;
  }

  /** A variant belongs to the session's own model. */
  inSession({ variant, ...session }: SessionRef): SessionRef {
    return this.instead === undefined ? { ...session, ...defined({ variant }) } : { ...session, model: this.instead };
  }

  /** @returns whether the turn goes on with another model */
  after(outcome: AgentOutcome): boolean {
    if (this.#models.length === 1) return false;
    const { kind, own, waits } = this.chain;
    const until = absentUntil(outcome, { waits, isOwn: this.model === own });
    if (until === undefined) {
      if (outcome.status === 'completed') this.absent.isBack(kind, this.model);
      return false;
    }
    this.absent.note(kind, this.model, until);
    this.#failed.set(this.model, outcome);
    const next = this.#next();
    if (next === undefined) return false;
    this.model = next;
    return true;
  }

  /**
   * What to report of a turn that went through models. When none is left, that is the limit that is
   * over first, because the turn can wait for it; else what the first model said.
   */
  reported(last: AgentOutcome): AgentOutcome {
    const failed = [...this.#failed.values()];
    if (failed.length === 0 || !this.#failed.has(this.model)) return last;
    const [limit] = failed.filter(({ error }) => error?.code === 'AGENT_RATE_LIMITED').sort(bySoonest);
    const { error, until } = limit ?? failed[0]!;
    const { error: _error, until: _until, ...facts } = last;
    return { ...facts, ...defined({ error, until }) };
  }

  /** The first that can be tried. */
  #next(): string | undefined {
    const { kind } = this.chain;
    return this.#models.find((model) => !this.#failed.has(model) && !this.absent.isAbsent(kind, model));
  }
}

function bySoonest(one: AgentOutcome, other: AgentOutcome): number {
  const [its, others] = [one, other].map(({ until }) => (until === undefined ? Infinity : Date.parse(until)));
  return its === others ? 0 : its! - others!;
}

const OF_OTHERS: readonly FailureCode[] = ['AGENT_AUTH', 'PROVIDER_UNREACHABLE'];

/**
 * Until when the model cannot answer. `undefined`: the turn did not end for a reason of its model.
 * A login that only a fallback needs is no trouble of the topic.
 */
function absentUntil(
  { status, error, until }: AgentOutcome,
  { waits, isOwn }: { waits: boolean; isOwn: boolean },
): number | undefined {
  if (status !== 'failed' || !error) return undefined;
  const now = Date.now();
  if (error.code === 'MODEL_UNKNOWN') return now + MISSING_FOR_MS;
  if (!isOwn && OF_OTHERS.includes(error.code)) return now + WAITS_FOR_MS;
  if (error.code !== 'AGENT_RATE_LIMITED') return undefined;
  const reset = until === undefined ? NaN : Date.parse(until);
  if (Number.isNaN(reset)) return now + WAITS_FOR_MS;
  return waits && reset - now <= WAITS_FOR_MS ? undefined : Math.min(reset, now + LONGEST_MS);
}
