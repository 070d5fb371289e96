/**
 * Counts the attempts at an activity in a row that made no progress, which are *in vain*. Temporal
 * counts all attempts, even those whose worker died before it could report. Each heartbeat carries
 * the facts that hold if its attempt ends right after it.
 */
import type { AttemptFacts } from './types.js';

/**
 * The least time before an activity is given up. A machine that kills every process every few
 * seconds needs many attempts for little progress.
 */
const AT_LEAST_MS = 5 * 60 * 1000;

export class Attempts {
  /** How many attempts in a row before this one were in vain. */
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

  /** Whether to give up: at least `most` attempts were in vain, over at least 5 minutes. */
  areInVain(most: number): boolean {
    return this.before >= most && Date.now() - (this.#progressAt ?? this.scheduledAt) >= AT_LEAST_MS;
  }

  /** How many attempts in a row are in vain if this one ends now. */
  get barren(): number {
    return this.#barren;
  }

  progressed(): void {
    this.#barren = 0;
    this.#progressAt = Date.now();
  }

  /**
   * Does not count this attempt if it ends now: it waits for a slot, or a deploy or an operator
   * ends it.
   */
  excuse(): void {
    this.#barren = Math.min(this.#barren, this.before);
  }

  /** Counts this attempt again if it ends now, until it makes progress. */
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
    return `Attempt ${this.attempt - 1} reported no reason. Its worker died or was cut off.`;
  }
}

function barrenBefore(attempt: number, last: Partial<AttemptFacts> | undefined): number {
  if (!last) return attempt - 1;
  const { attempt: said = attempt - 1, barren_attempts = 0 } = last;
  // An operator has reset or paused the activity. The server then counts from 1 again, or counts
  // this attempt twice.
  if (said >= attempt) return 0;
  return barren_attempts + (attempt - 1 - said);
}
