/**
 * One writer per session in this process (promise 3). A new attempt first ends the old one and waits until what it sent
 * is settled: a late request of an older attempt would run its prompt again. Between processes the lock on the data directory does it.
 */
export class Fenced extends Error {
  override readonly name = 'Fenced';
}

export class Fence {
  readonly #attempts = new Map<string, { detach: AbortController; settled: Promise<void> }>();

  /** Runs the body as the only one of its name: of a session's turns, or of a topic's checks. Its signal is aborted when a later attempt takes over. */
  async alone<T>(of: string, detach: AbortController, body: () => Promise<T>): Promise<T> {
    const before = this.#attempts.get(of);
    before?.detach.abort(new Fenced(`A later attempt took over ${of}.`));
    let settle = () => {};
    const own = { detach, settled: new Promise<void>((resolve) => (settle = resolve)) };
    this.#attempts.set(of, own);
    try {
      await before?.settled;
      detach.signal.throwIfAborted();
      return await body();
    } finally {
      // Only once the one before has settled too: whoever comes third waits for both.
      await before?.settled;
      settle();
      if (this.#attempts.get(of) === own) this.#attempts.delete(of);
    }
  }
}
