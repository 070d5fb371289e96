/**
 * A turn that ended for a reason that may be over, such as a usage limit, goes on. Until the agent
 * has begun again, its session still shows the old end.
 */
import type { Sight } from '../driver.js';

export class OldEnd {
  /** The session when the turn was last asked to go on. */
  #fingerprint: string | undefined;
  #hasBegun = false;

  /** The sight without the old end. `undefined` when it shows none. */
  without<S extends Sight>(sight: S): S | undefined {
    if (sight.busy || (this.#fingerprint !== undefined && sight.fingerprint !== this.#fingerprint))
      this.#hasBegun = true;
    if (this.#hasBegun || sight.superseded || !sight.end || sight.end.status === 'completed') return undefined;
    const { end: _, ...going } = sight;
    return going as S;
  }

  wentOn({ fingerprint }: Sight): void {
    this.#fingerprint = fingerprint;
  }
}
