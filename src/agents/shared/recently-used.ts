/** Keeps the values that were used last. */
export class RecentlyUsed<T> {
  readonly #values = new Map<string, T>();

  constructor(private readonly most: number) {}

  get(key: string, create: () => T): T {
    const value = this.#values.get(key) ?? create();
    this.#values.delete(key);
    this.#values.set(key, value);
    const [oldest] = this.#values.keys();
    if (this.#values.size > this.most && oldest !== undefined) this.#values.delete(oldest);
    return value;
  }

  delete(key: string): void {
    this.#values.delete(key);
  }
}
