/**
 * A turn that ended for a reason that may be over, such as a usage limit, goes on. Until the agent
 * has stored more of it, its session still shows the old end.
 */
import type { Sight } from '../driver.js';

export class OldEnd {
  /** The session when the turn was last asked to go on, or was first seen to go on. */
  #fingerprint: string | undefined;
  #hasMoved = false;

  /**
   * The sight without the old end. `undefined` when it shows none. An agent that was killed before
   * it stored anything has left the old end, and the turn goes on again.
   */
  without<S extends Sight>(sight: S): S | undefined {
    if (this.#fingerprint !== undefined && sight.fingerprint !== this.#fingerprint) this.#hasMoved = true;
    if (sight.busy) this.#fingerprint ??= sight.fingerprint;
    if (this.#hasMoved || sight.superseded || !sight.end || sight.end.status === 'completed') return undefined;
    const { end: _, ...going } = sight;
    return going as S;
  }

  wentOn({ fingerprint }: Sight): void {
    this.#fingerprint = fingerprint;
  }
}
