/** So many at once, the others in the order in which they came. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** @returns what ends the turn, once however often it is called @throws the reason of `until`, when it is aborted first */
  async take(until?: AbortSignal): Promise<() => void> {
    until?.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait(until);
    let ended = false;
    return () => {
      if (!ended) this.#next();
      ended = true;
    };
  }

  #wait(until?: AbortSignal): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const begin = () => {
        until?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(begin), 1);
        reject(until?.reason as Error);
      };
      until?.addEventListener('abort', leave, { once: true });
      this.#waiting.push(begin);
    });
  }

  /** The turn goes on to the next that waits, so it does not become free. */
  #next(): void {
    const begin = this.#waiting.shift();
    if (begin) begin();
    else this.#free += 1;
  }
}
