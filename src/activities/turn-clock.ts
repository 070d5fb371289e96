/**
 * Time and progress of one turn over all its attempts. Only time worked counts: a host that is off
 * uses up none of it.
 */
import type { TurnProgress } from '../agents/agent.js';
import type { Limits } from '../config.js';
import { defined } from '../contract/defined.js';
import type { TopicId } from '../contract/ids.js';
import type { Usage } from '../contract/types.js';
import { boundedSharing } from '../contract/workspace.js';
import type { Failure } from '../contract/failures.js';
import { Attempts } from './attempts.js';
import { Silence } from './silence.js';
import type { TurnHeartbeat } from './types.js';

type Shown = Omit<TurnProgress, 'refused'>;

export class TurnClock {
  readonly attempts: Attempts;
  /** Whether this host has agreed to run the checks of the prompt. */
  checksGranted: boolean;
  /** The provider's refusal, if that was its last answer. */
  refused: Failure | undefined;
  /** The model that works instead of the session's own. */
  model: string | undefined;
  /** The topics whose turns are in the same directory. They come while the turn works. */
  sharing: ReadonlySet<TopicId> = new Set();
  readonly #sharedBefore: readonly TopicId[];
  readonly #workedBeforeMs: number;
  /**
   * When work started. Absent while the turn waits for a slot, which is neither work nor a stall.
   */
  #startedAt: number | undefined;
  readonly silence = new Silence();
  #progress: Shown;
  #waitsFor: string | undefined;
  #notice: string | undefined;

  constructor(
    attempt: number,
    last: Partial<TurnHeartbeat> | undefined,
    scheduledAt: number,
    /** Before the turn waited, in ms. */
    workedBefore = 0,
  ) {
    const {
      step,
      text_tail,
      usage,
      model,
      shares_directory_with: shared,
      worked_ms = workedBefore,
      checks_granted = false,
    } = last ?? {};
    this.attempts = new Attempts(attempt, last, scheduledAt);
    this.checksGranted = checks_granted;
    this.model = typeof model === 'string' ? model : undefined;
    this.#sharedBefore = Array.isArray(shared) ? shared : [];
    this.#workedBeforeMs = worked_ms;
    this.#progress = {
      ...defined({ step, text_tail, usage }),
    };
  }

  waits(what: string): void {
    this.#waitsFor = what;
    this.attempts.excuse();
  }

  begin(): void {
    this.#waitsFor = undefined;
    this.#startedAt = performance.now();
    this.silence.break();
    this.attempts.begin();
  }

  /** `notice`: what whoever watches should know besides. */
  progress(progress: TurnProgress, notice?: string): void {
    this.#notice = notice;
    const { refused, ...shown } = progress;
    // An attempt that comes no further than the one before reports the same progress again.
    if (!refused && !isSame(shown, this.#progress)) this.attempts.progressed();
    this.#progress = shown;
    this.refused = refused;
    this.silence.break();
  }

  /** What the turn has used, as far as its agent has told. */
  get usage(): Usage | undefined {
    return this.#progress.usage;
  }

  /** What the agent was seen to do last. */
  get step(): string | undefined {
    return this.#progress.step;
  }

  /** The topics whose turns worked in the same directory meanwhile. `undefined`: none. */
  sharedWith(): TopicId[] | undefined {
    const topics = boundedSharing([...this.#sharedBefore, ...this.sharing]);
    return topics.length > 0 ? topics : undefined;
  }

  heartbeat(): TurnHeartbeat {
    return {
      ...this.#progress,
      ...defined({ step: this.#waitsFor ?? this.#shownStep() }),
      worked_ms: this.workedMs(),
      ...this.attempts.facts(),
      ...defined({ model: this.model, shares_directory_with: this.sharedWith() }),
      ...(this.checksGranted && { checks_granted: true }),
    };
  }

  #shownStep(): string | undefined {
    const shown = [this.#notice, this.#progress.step].filter((one) => one !== undefined);
    return shown.length > 0 ? shown.join(' · ') : undefined;
  }

  exceeded({ turnTimeoutMs, stallTimeoutMs, toolTimeoutMs }: Limits): 'TURN_TIMED_OUT' | 'TURN_STALLED' | undefined {
    if (this.#startedAt === undefined) return undefined;
    if (this.workedMs() > turnTimeoutMs) return 'TURN_TIMED_OUT';
    return this.silence.ms(toolTimeoutMs) > stallTimeoutMs ? 'TURN_STALLED' : undefined;
  }

  workedMs(): number {
    return Math.round(this.#workedBeforeMs + (this.#startedAt === undefined ? 0 : performance.now() - this.#startedAt));
  }
}

function isSame(one: Shown, other: Shown): boolean {
  const facts = ({ step, text_tail, usage }: Shown) => JSON.stringify([step, text_tail, usage]);
  return facts(one) === facts(other);
}
