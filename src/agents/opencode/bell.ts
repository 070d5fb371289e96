/** Waiting for something to happen, or for a time. A ring while nobody waits is kept for the next who does. */
export class Bell {
  rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.rung = true;
    this.#wake?.();
  }

  reset(): void {
    this.rung = false;
  }

  async wait(ms: number): Promise<void> {
    if (this.rung) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
