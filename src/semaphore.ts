/**
 * So many at once; the others wait, in the order in which they came. Imports nothing, so everyone
 * may import it.
 */
export class Semaphore {
  #free: number;
  readonly #waiting = new Set<(release: () => void) => void>();

  constructor(readonly count: number) {
    this.#free = count;
  }

  /**
   * Waits for a place.
   *
   * @returns a function that gives the place back; a second call of it changes nothing
   * @throws the signal's reason; then no place was taken
   */
  acquire(signal?: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      if (this.#free > 0) {
        this.#free -= 1;
        return resolve(this.#place());
      }
      const take = (release: () => void) => {
        signal?.removeEventListener('abort', leave);
        resolve(release);
      };
      const leave = () => {
        this.#waiting.delete(take);
        reject(signal?.reason as Error);
      };
      this.#waiting.add(take);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  #place(): () => void {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const [next] = this.#waiting;
      if (!next) {
        this.#free += 1;
        return;
      }
      this.#waiting.delete(next);
      next(this.#place());
    };
  }
}
