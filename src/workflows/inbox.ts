/**
 * Hands out the messages that came in one task of the workflow: first the signals, then the
 * updates.
 *
 * Temporal does not keep to one order. After a reset, an update that came before a signal is handled
 * before it, but after it in every replay of the same task (TypeScript SDK 1.24.0). A topic that
 * went by that order would give a prompt the outcome of another one once its worker was replaced.
 */
export class Inbox {
  readonly #signals: (() => void)[] = [];
  readonly #updates: (() => void)[] = [];
  #isOpening = false;
  #signalsLeft = 0;

  /**
   * Whether every signal was handled. A run must not end before, because nothing would take them to
   * the next one. Temporal itself counts the updates (`allHandlersFinished`).
   */
  get isEmpty(): boolean {
    return this.#signalsLeft === 0;
  }

  signal(handle: () => void): void {
    this.#signalsLeft += 1;
    void this.#itsTurn(this.#signals).then(() => {
      this.#signalsLeft -= 1;
      handle();
    });
  }

  update<T>(handle: () => T | Promise<T>): Promise<T> {
    return this.#itsTurn(this.#updates).then(handle);
  }

  /** What waits for it goes on in its own context, which knows the id of an update. */
  #itsTurn(of: (() => void)[]): Promise<void> {
    this.#open();
    return new Promise((resolve) => of.push(resolve));
  }

  /** Temporal calls the handlers of all messages of a task before it lets any promise go on. */
  #open(): void {
    if (this.#isOpening) return;
    this.#isOpening = true;
    void Promise.resolve().then(() => {
      this.#isOpening = false;
      for (const goOn of [...this.#signals.splice(0), ...this.#updates.splice(0)]) goOn();
    });
  }
}
