/**
 * Waits until `wake` is called or a time has passed. A call that comes while nothing waits ends the
 * next wait at once.
 */
export class WakeUp {
  called = false;
  #resolve: (() => void) | undefined;

  wake(): void {
    this.called = true;
    this.#resolve?.();
  }

  reset(): void {
    this.called = false;
  }

  async wait(ms: number): Promise<void> {
    if (this.called) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#resolve = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#resolve = undefined;
  }
}
