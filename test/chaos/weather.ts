/**
 * The provider's weather. Now and then it refuses every request for some seconds: its usage limit
 * is reached, or the login does not count.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RefusedAnswer } from '../../scripted/model.js';
import type { Dice } from './plan.js';

export type Trouble = 'quota' | 'login';

export interface Spell {
  trouble: Trouble;
  /** ms since the epoch. */
  from: number;
}

const FAIR_MS = [4_000, 14_000] as const;
const FOUL_MS = [1_000, 5_000] as const;
const LOGGED_OUT: RefusedAnswer = { code: 401, headers: {} };

export class Weather {
  readonly spells: Spell[] = [];
  #trouble: Trouble | undefined;

  constructor(private readonly limit: () => RefusedAnswer) {}

  get isFair(): boolean {
    return this.#trouble === undefined;
  }

  /** What the provider answers every request now. `undefined`: it answers as it is asked. */
  refuses(): RefusedAnswer | undefined {
    if (this.#trouble === undefined) return undefined;
    return this.#trouble === 'quota' ? this.limit() : LOGGED_OUT;
  }

  /** Changes until the signal is aborted. It is fair then. */
  async change(dice: Dice, signal: AbortSignal): Promise<void> {
    const within = ([least, most]: readonly [number, number]) => least + dice.upTo(most - least);
    try {
      for (;;) {
        await sleep(within(FAIR_MS), undefined, { signal });
        this.#trouble = dice.pick<Trouble>({ quota: 1, login: 1 });
        this.spells.push({ trouble: this.#trouble, from: Date.now() });
        await sleep(within(FOUL_MS), undefined, { signal });
        this.#trouble = undefined;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#trouble = undefined;
    }
  }
}
