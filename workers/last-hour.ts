/** Counts how often things happened within the last hour, by name. */
const HOUR_MS = 60 * 60 * 1000;

export class LastHour {
  readonly #times = new Map<string, number[]>();

  /** @param now the clock, in ms */
  constructor(private readonly now: () => number = () => performance.now()) {}

  count(name: string): number {
    const since = this.now() - HOUR_MS;
    for (const [each, times] of this.#times) {
      const recent = times.filter((time) => time > since);
      if (recent.length > 0) this.#times.set(each, recent);
      else this.#times.delete(each);
    }
    return this.#times.get(name)?.length ?? 0;
  }

  /** @returns how often it has happened within the hour, including this time */
  add(name: string): number {
    const before = this.count(name);
    this.#times.set(name, [...(this.#times.get(name) ?? []), this.now()]);
    return before + 1;
  }
}
