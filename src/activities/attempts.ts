/**
 * How many attempts at an activity were in vain, one after the other. Temporal counts attempts, also those that took their
 * worker down before they could say anything. Each heartbeat says what holds if its attempt ends right after it.
 */
import type { AttemptFacts } from './types.js';

export class Attempts {
  /** Attempts in vain before this one. */
  readonly before: number;
  #barren: number;
  #trouble: string | undefined;

  constructor(
    readonly attempt: number,
    private readonly last: Partial<AttemptFacts> | undefined,
  ) {
    this.before = barrenBefore(attempt, last);
    this.#barren = this.before + 1;
  }

  /** Attempts in vain, if this one ends now. */
  get barren(): number {
    return this.#barren;
  }

  progressed(): void {
    this.#barren = 0;
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
    return { attempt: this.attempt, barren_attempts: this.#barren, ...(this.#trouble !== undefined && { trouble: this.#trouble }) };
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
  // An operator has reset the activity: the server counts from 1 again.
  if (said >= attempt) return 0;
  return barren_attempts + (attempt - 1 - said);
}
