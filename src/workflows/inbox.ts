/**
 * Hands out the messages that came in one task of the workflow: first the signals, then the
 * updates.
 *
 * Temporal does not keep to one order. An update that was asked for before a signal came is handled
 * before it, but after it in every replay of the same task (TypeScript SDK 1.24.0). A topic that
 * went by that order would give a prompt the outcome of another one once its worker was replaced.
 */
export class Inbox {
  #signals: (() => void)[] = [];
  #updates: (() => void)[] = [];
  #isOpening = false;

  signal(handle: () => void): void {
    this.#signals.push(handle);
    this.#open();
  }

  update<T>(handle: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve) => {
      this.#updates.push(() => resolve(handle()));
      this.#open();
    });
  }

  /** Temporal calls the handlers of all messages of a task before it lets any promise go on. */
  #open(): void {
    if (this.#isOpening) return;
    this.#isOpening = true;
    void Promise.resolve().then(() => {
      const all = [...this.#signals, ...this.#updates];
      [this.#signals, this.#updates, this.#isOpening] = [[], [], false];
      for (const handle of all) handle();
    });
  }
}
