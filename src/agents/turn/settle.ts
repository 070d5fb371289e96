/**
 * An agent acknowledges a prompt before it stores it: up to 60 ms before in OpenCode 1.18.33, up to
 * 120 ms before in Codex 0.169.0.
 */
export const LOOK_AGAIN_MS = 400;

/**
 * Decides whether an idle session has looked the same for long enough to act on it. A program that
 * has just started on a busy machine needs seconds before it works on a prompt. So the time doubles
 * with each put.
 */
export class Settling {
  #seen: { fingerprint: string; at: number } | undefined;

  constructor(private readonly now: () => number = Date.now) {}

  /** Call it with every look. */
  isSettled({ fingerprint, busy }: { fingerprint: string; busy: unknown }, puts: number): boolean {
    if (busy) {
      this.#seen = undefined;
      return false;
    }
    if (this.#seen?.fingerprint === fingerprint) return this.now() - this.#seen.at >= LOOK_AGAIN_MS * 2 ** puts;
    this.#seen = { fingerprint, at: this.now() };
    return false;
  }

  /** Forgets what was seen, after a deed or after the agent's program was replaced. */
  reset(): void {
    this.#seen = undefined;
  }
}
