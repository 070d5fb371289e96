/** Time and progress of one turn over all its attempts. Time is what was worked: a host that was off does not use it up. */
import type { TurnProgress } from '../agents/agent.js';
import type { Limits } from '../config.js';
import type { Failure } from '../contract/failures.js';
import type { TurnHeartbeat } from './types.js';

export class TurnClock {
  readonly #startedAt = performance.now();
  #progressAt = performance.now();
  #progress: Omit<TurnProgress, 'refused'> = {};
  /** Why the model does not answer now, if it was last seen to refuse. */
  refused: Failure | undefined;
  trouble: string | undefined;

  constructor(
    readonly workedBeforeMs: number,
    public barrenAttempts: number,
  ) {}

  progress(progress: TurnProgress): void {
    const { refused, ...shown } = progress;
    this.#progress = shown;
    this.refused = refused;
    if (!refused) this.#progressAt = performance.now();
    this.barrenAttempts = 0;
  }

  heartbeat(): TurnHeartbeat {
    return { ...this.#progress, worked_ms: Math.round(this.#workedMs()), barren_attempts: this.barrenAttempts, ...(this.trouble !== undefined && { trouble: this.trouble }) };
  }

  exceeded({ turnTimeoutMs, stallTimeoutMs }: Limits): 'TURN_TIMED_OUT' | 'TURN_STALLED' | undefined {
    if (this.#workedMs() > turnTimeoutMs) return 'TURN_TIMED_OUT';
    return performance.now() - this.#progressAt > stallTimeoutMs ? 'TURN_STALLED' : undefined;
  }

  workedSeconds(): number {
    return Math.round(this.#workedMs() / 1000);
  }

  quietSeconds(): number {
    return Math.round((performance.now() - this.#progressAt) / 1000);
  }

  #workedMs(): number {
    return this.workedBeforeMs + performance.now() - this.#startedAt;
  }
}
