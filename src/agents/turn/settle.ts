import type { Sight } from '../driver.js';

/**
 * An agent acknowledges a prompt before it stores it: up to 60 ms before in OpenCode 1.18.33, up to
 * 120 ms before in Codex 0.169.0.
 */
export const LOOK_AGAIN_MS = 400;

/**
 * A prompt that was sent and is not there is waited for so many times as long. To send it again
 * while the first request is still on its way would put it in twice.
 */
const SENT_AND_ABSENT = 4;

interface Sent {
  /** How often this attempt has put the prompt in or continued its turn. */
  puts: number;
  /** An attempt before this one may have put the prompt in. */
  noted: boolean;
}

/**
 * Decides whether an idle session has looked the same for long enough to act on it. A program that
 * has just started on a busy machine needs seconds before it works on a prompt. So the time doubles
 * with each put.
 */
export class Settling {
  #seen: { fingerprint: string; at: number } | undefined;

  constructor(private readonly now: () => number = Date.now) {}

  /** Call it with every look. */
  isSettled({ fingerprint, busy, prompt }: Pick<Sight, 'fingerprint' | 'busy' | 'prompt'>, sent: Sent): boolean {
    if (busy) {
      this.#seen = undefined;
      return false;
    }
    const isMissing = prompt === 'absent' && (sent.puts > 0 || sent.noted);
    const after = LOOK_AGAIN_MS * 2 ** sent.puts * (isMissing ? SENT_AND_ABSENT : 1);
    if (this.#seen?.fingerprint === fingerprint) return this.now() - this.#seen.at >= after;
    this.#seen = { fingerprint, at: this.now() };
    return false;
  }

  /** Forgets what was seen, after a deed or after the agent's program was replaced. */
  reset(): void {
    this.#seen = undefined;
  }
}
