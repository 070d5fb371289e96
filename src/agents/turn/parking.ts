/**
 * Cuts a turn off whose agent waits long for its provider, or that has used what it may, so that
 * the topic can wait instead. The cut is noted first: in the session, the turn looks like one that a
 * person stopped.
 */
import type { Ask } from '../../contract/asks.js';
import { defined } from '../../contract/defined.js';
import { failure, type Failure } from '../../contract/failures.js';
import type { AgentOutcome, Stop } from '../agent.js';
import type { AgentSignal, PromptKey, Sight } from '../driver.js';
import { failed, stoppedAt } from './outcomes.js';
import type { PromptNotes } from './prompt-notes.js';

/** An agent that asks again within this time is waited for. */
const SHORT_MS = 60_000;
/** One that asks again and again in vain is not waited for longer than that. */
const IN_VAIN_MS = 15 * 60_000;

export class Parking {
  #refused: { because: Failure; until?: string; since: number } | undefined;
  #noted: boolean | undefined;
  /** The budget for which this attempt has cut the turn off. */
  #over: Stop | undefined;

  constructor(
    private readonly key: PromptKey,
    private readonly notes: PromptNotes,
    private readonly isAllowed: boolean,
  ) {}

  on({ because, until }: Extract<AgentSignal, { type: 'refused' }>): void {
    if (this.#noted) return; // What follows is about the end of the turn that was cut off.
    this.#refused = because && { because, ...defined({ until }), since: this.#refused?.since ?? performance.now() };
  }

  /** Whether the turn is to be cut off. It is noted then. */
  async begins(over: Stop | undefined): Promise<boolean> {
    // Once it is cut off for a budget, it stays so: what still ends in it may hide what was counted.
    this.#over ??= over;
    if (!this.#over && !(this.isAllowed && this.#refused && isLong(this.#refused))) return false;
    await this.notes.add('parked', this.key);
    this.#noted = true;
    return true;
  }

  /**
   * How a turn ended that was cut off. `undefined` when this one was not. `goesOn`: a note that is
   * there already is about the turn before it went on.
   */
  async endOf(sight: Sight, goesOn: boolean, over: Stop | undefined): Promise<AgentOutcome | { ask: Ask } | undefined> {
    if (sight.busy || sight.superseded || sight.end?.status === 'completed') return undefined;
    this.#noted ??= !goesOn && (await this.notes.has('parked', this.key));
    if (!this.#noted) return undefined;
    // What a cut step has used may not be in the session.
    const reached = over ?? this.#over;
    if (reached) return stoppedAt(reached, sight);
    const { because, until } = this.#refused ?? {};
    return {
      ...failed(because ?? failure('AGENT_RATE_LIMITED', 'The provider refused for now.'), sight),
      ...defined({ until }),
    };
  }

  /** The turn goes on. */
  async end(): Promise<void> {
    this.#noted = false;
    this.#refused = undefined;
    this.#over = undefined;
    await this.notes.remove('parked', this.key);
  }
}

/** An agent that names no time, such as Codex, may ask again for ever. */
function isLong({ until, since }: { until?: string; since: number }): boolean {
  const waitedMs = performance.now() - since;
  if (until === undefined) return waitedMs >= SHORT_MS;
  return waitedMs >= IN_VAIN_MS || Date.parse(until) - Date.now() >= SHORT_MS;
}
