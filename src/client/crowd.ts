/**
 * The calls of this process for one topic. Temporal takes 10 updates at once per workflow, from all processes together, and
 * `cancel` and `close` need a place too. So a call waits here for its turn.
 */
import type { TopicId } from '../contract/ids.js';
import { Turns } from './turns.js';

/** Updates under way that the topic has not accepted yet. */
const MAX_ENTERING = 4;
/** Callers that hold on in the topic for their outcomes. The others ask for theirs. */
const MAX_HOLDING = 4;
/** Questions under way. A question that waits for a busy worker is asked anew after some seconds, and makes it busier. */
const MAX_ASKING = 8;
const ASK_A_SILENT_TOPIC_AFTER_MS = 5000;

export class Crowd {
  readonly entering = new Turns(MAX_ENTERING);
  readonly asking = new Turns(MAX_ASKING);
  /** The length of the history in which the topic had no room for another prompt. */
  fullAt: number | undefined;
  /** When the topic answered last, on the clock of `performance.now()`. */
  answeredAt = performance.now();
  #silentUntil = 0;
  #holding = 0;

  answered(): void {
    this.answeredAt = performance.now();
    this.#silentUntil = 0;
  }

  /** The topic was asked and did not answer: for a while, further prompts go by signal at once. */
  silent(): void {
    this.#silentUntil = performance.now() + ASK_A_SILENT_TOPIC_AFTER_MS;
  }

  get isSilent(): boolean {
    return performance.now() < this.#silentUntil;
  }

  /** A place to hold on in the topic, if there is one. @returns what gives the place back */
  hold(): (() => void) | undefined {
    if (this.#holding >= MAX_HOLDING) return undefined;
    this.#holding += 1;
    return () => (this.#holding -= 1);
  }
}

/** Of all topics that this process calls now. */
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
