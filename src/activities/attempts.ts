/**
 * How many attempts at an activity were in vain, one after the other. Temporal counts attempts, also those that took their
 * worker down before they could say anything. Each heartbeat says what holds if its attempt ends right after it.
 */
import type { AttemptFacts } from './types.js';

/** A machine on which everything is killed every few seconds needs many attempts for little: so much time is given as well. */
const AT_LEAST_MS = 5 * 60 * 1000;

export class Attempts {
  /** Attempts in vain before this one. */
  readonly before: number;
  #barren: number;
  #progressAt: number | undefined;
  #trouble: string | undefined;

  constructor(
    readonly attempt: number,
    private readonly last: Partial<AttemptFacts> | undefined,
    /** When the first attempt was scheduled, in ms since 1970. */
    private readonly scheduledAt: number,
  ) {
    this.before = barrenBefore(attempt, last);
    this.#barren = this.before + 1;
    this.#progressAt = last?.progress_at;
  }

  /** Whether enough was tried: so many attempts in vain, over some minutes. */
  areInVain(most: number): boolean {
    return this.before >= most && Date.now() - (this.#progressAt ?? this.scheduledAt) >= AT_LEAST_MS;
  }

  /** Attempts in vain, if this one ends now. */
  get barren(): number {
    return this.#barren;
  }

  progressed(): void {
    this.#barren = 0;
    this.#progressAt = Date.now();
  }

  /** What ends this attempt now is no failure of its work: it waits for a slot, or a deploy or an operator ends it. */
  excuse(): void {
    this.#barren = Math.min(this.#barren, this.before);
  }

  /** Whatever ends this attempt now counts again, until there is progress. */
  begin(): void {
    this.#barren = this.before + 1;
  }

  brokeOff(error: unknown): void {
    this.#trouble = error instanceof Error ? error.message : String(error);
  }

  facts(): AttemptFacts {
    return {
      attempt: this.attempt,
      barren_attempts: this.#barren,
      ...(this.#progressAt !== undefined && { progress_at: this.#progressAt }),
      ...(this.#trouble !== undefined && { trouble: this.#trouble }),
    };
  }

  /** Why the attempt before this one ended. */
  lastReason(): string {
    const { attempt = this.attempt - 1, trouble } = this.last ?? {};
    if (trouble !== undefined && attempt === this.attempt - 1) return trouble;
    return `Attempt ${this.attempt - 1} took its worker down, or lost it.`;
  }
}

function barrenBefore(attempt: number, last: Partial<AttemptFacts> | undefined): number {
  if (!last) return attempt - 1;
  const { attempt: said = attempt - 1, barren_attempts = 0 } = last;
  // An operator has reset or paused the activity: the server counts anew, or this attempt once more.
  if (said >= attempt) return 0;
  return barren_attempts + (attempt - 1 - said);
}
