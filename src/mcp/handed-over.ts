/**
 * Remembers the tasks that this process's client has handed over. A client that gave up a call and repeats
 * it attaches to the prompt of the first call. Everything is forgotten when the process ends.
 */
import { createHash } from 'node:crypto';
import type { NamedPrompt } from '../client/outcomes.js';
import type { TurnResult } from '../contract/types.js';
import type { Call } from './call.js';

/** A call whose answer has not reached the client. */
export interface Handed {
  prompt_id: string;
  /** Set once the prompt is accepted. */
  topic?: string;
  /** How many calls are under way for it. */
  calls: number;
  /** When the last of them ended, on the clock of `performance.now()`. */
  overAt: number;
}

const MOST_CALLS = 500;
const MOST_TOPICS = 1000;
/** After a turn has ended. A client that tries again does so at once. */
const ATTACHES_FOR_MS = 10 * 60 * 1000;

export class HandedOver {
  /** The key is made of the call's arguments. The oldest are first. */
  readonly #undelivered = new Map<string, Handed>();
  readonly #topics = new Set<string>();

  /** `onOutcome` is called when the client has the outcome of a prompt. */
  constructor(private readonly onOutcome: (prompt: NamedPrompt) => void = () => undefined) {}

  has(topic: string): boolean {
    return this.#topics.has(topic);
  }

  /**
   * Returns the earlier call with the same arguments if the client never got its answer, otherwise a
   * new one. Calls at the same moment share one. `asked` has all arguments that count.
   */
  async attachOrStart(
    asked: object,
    newId: () => string,
    using: Call['using'],
  ): Promise<{ handed: Handed; attached: boolean }> {
    const key = keyOf(asked);
    const before = this.#undelivered.get(key);
    if (before && (before.calls > 0 || (await isWanted(before, using)))) return this.#attached(before);
    const now = this.#undelivered.get(key);
    if (now && now !== before) return this.#attached(now); // Another call was quicker.
    this.#undelivered.delete(key);
    const handed: Handed = { prompt_id: newId(), calls: 1, overAt: 0 };
    this.#undelivered.set(key, handed);
    bound(this.#undelivered, MOST_CALLS);
    return { handed, attached: false };
  }

  #attached(handed: Handed): { handed: Handed; attached: true } {
    handed.calls += 1;
    return { handed, attached: true };
  }

  /**
   * Notes that a prompt was accepted. A new prompt ends the retries of older calls on its topic:
   * `run the tests` after `fix them` is a new turn. A call is older if it ended before `startedAt`.
   */
  accepted(topic: string, handed: Handed | undefined, startedAt: number, isNew: boolean): void {
    if (handed) handed.topic = topic;
    this.#topics.delete(topic);
    this.#topics.add(topic);
    bound(this.#topics, MOST_TOPICS);
    if (!isNew) return;
    for (const [key, other] of this.#undelivered)
      if (other.topic === topic && other !== handed && other.calls === 0 && other.overAt < startedAt)
        this.#undelivered.delete(key);
  }

  /** Notes that a call has ended. `delivered`: the client got what it asked for. */
  over(handed: Handed, delivered: boolean): void {
    handed.calls -= 1;
    handed.overAt = performance.now();
    if (delivered) this.#forget(handed.prompt_id);
  }

  /** Notes that the client has the outcome. */
  delivered(prompt: NamedPrompt): void {
    this.#forget(prompt.prompt_id);
    this.onOutcome(prompt);
  }

  #forget(promptId: string): void {
    for (const [key, { prompt_id }] of this.#undelivered) if (prompt_id === promptId) this.#undelivered.delete(key);
  }
}

/**
 * Whether a repeated call attaches to the prompt. It does not if the prompt was cancelled, was refused or
 * ended long ago. A prompt that its topic does not know may not have arrived, so it is sent again.
 */
async function isWanted({ topic, prompt_id }: Handed, using: Call['using']): Promise<boolean> {
  if (topic === undefined) return true;
  const state = await using((manager) => manager.outcome(topic, prompt_id)).catch(() => undefined);
  if (state?.state === 'refused') return false;
  return state?.state !== 'ended' || (state.outcome !== undefined && isRecent(state.outcome));
}

function isRecent({ status, started_at, duration_ms }: TurnResult): boolean {
  return status !== 'cancelled' && Date.now() - (Date.parse(started_at) + duration_ms) < ATTACHES_FOR_MS;
}

function keyOf(asked: object): string {
  return createHash('sha256').update(JSON.stringify(asked, inOrder)).digest('base64');
}

function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Drops the oldest. */
function bound(kept: Map<string, unknown> | Set<string>, most: number): void {
  for (const oldest of kept.keys()) {
    if (kept.size <= most) return;
    kept.delete(oldest);
  }
}
