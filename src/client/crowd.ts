/**
 * Limits the calls of this process for one topic. Temporal takes 10 updates at once per workflow,
 * from all processes together, and `cancel` and `close` need room too. So calls wait here for their
 * turn.
 */
import type { TopicId } from '../contract/ids.js';
import { Semaphore } from '../semaphore.js';

/** Updates under way that the topic has not accepted yet. */
const MAX_ENTERING = 4;
/** Callers that wait for their outcome inside an update. All others ask for it by query. */
const MAX_HOLDING = 4;
/**
 * Queries under way. A query that waits for a busy worker is sent again after some seconds, and
 * makes the worker busier.
 */
const MAX_ASKING = 8;
const ASK_A_SILENT_TOPIC_AFTER_MS = 5000;

export class Crowd {
  readonly entering = new Semaphore(MAX_ENTERING);
  readonly asking = new Semaphore(MAX_ASKING);
  /** The length of the history when the topic last had no room for another prompt. */
  fullAt: number | undefined;
  /** When the topic last answered, on the clock of `performance.now()`. */
  answeredAt = performance.now();
  #look: { at: number; status?: string } = { at: 0 };
  #looking: Promise<void> | undefined;
  #silentUntil = 0;
  #holding = 0;

  /**
   * What one of the callers saw when it looked. They look together, and so often.
   *
   * @returns undefined when nobody has looked since this caller began to wait (`performance.now()`)
   */
  async seenSince(begunAt: number, everyMs: number, look: () => Promise<string>): Promise<string | undefined> {
    const at = performance.now();
    if (at - Math.max(begunAt, this.#look.at) > everyMs) {
      this.#looking ??= look()
        .then((status) => void (this.#look = { at, status }))
        .finally(() => (this.#looking = undefined));
      await this.#looking;
    }
    return this.#look.at > begunAt ? this.#look.status : undefined;
  }

  answered(): void {
    this.answeredAt = performance.now();
    this.#silentUntil = 0;
  }

  /**
   * Call it when the topic did not answer. For a while, further prompts then go by signal at once.
   */
  silent(): void {
    this.#silentUntil = performance.now() + ASK_A_SILENT_TOPIC_AFTER_MS;
  }

  get isSilent(): boolean {
    return performance.now() < this.#silentUntil;
  }

  /**
   * Takes one of the places to wait inside an update.
   *
   * @returns a function that gives the place back, or `undefined` when all are taken
   */
  hold(): (() => void) | undefined {
    if (this.#holding >= MAX_HOLDING) return undefined;
    this.#holding += 1;
    return () => (this.#holding -= 1);
  }
}

/** The crowds of all topics that this process calls now. */
export class Crowds {
  readonly #crowds = new Map<TopicId, { crowd: Crowd; calls: number }>();

  async in<T>(topic: TopicId, work: (crowd: Crowd) => Promise<T>): Promise<T> {
    const entry = this.#crowds.get(topic) ?? { crowd: new Crowd(), calls: 0 };
    this.#crowds.set(topic, entry);
    entry.calls += 1;
    try {
      return await work(entry.crowd);
    } finally {
      entry.calls -= 1;
      if (entry.calls === 0) this.#crowds.delete(topic);
    }
  }
}
