/**
 * Finds another worker that takes turns of the same host. A worker on a restored backup on another
 * machine is one, and no lock shows it. Temporal lists a worker for minutes after it has ended. A
 * worker that asked for work after this one started is alive: on this machine, the locks let this
 * worker start only after the one before it had ended. All times are the server's.
 */

export interface Poller {
  identity: string;
  /** When it last asked for work, in ms since 1970. */
  at: number;
}

/** The last request of a killed worker may arrive a little after the first one of its successor. */
const LATE_BY_MS = 10_000;

export class OtherWorkers {
  #since: number | undefined;
  readonly #known = new Set<string>();

  constructor(private readonly own: string) {}

  /** @returns the identities of other workers that were not returned before */
  look(pollers: readonly Poller[]): string[] {
    this.#since ??= pollers.find(({ identity }) => identity === this.own)?.at;
    const since = this.#since;
    if (since === undefined) return [];
    const found = pollers.filter(
      ({ identity, at }) => identity !== this.own && at > since + LATE_BY_MS && !this.#known.has(identity),
    );
    for (const { identity } of found) this.#known.add(identity);
    return [...new Set(found.map(({ identity }) => identity))];
  }
}
