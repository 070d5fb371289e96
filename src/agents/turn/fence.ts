/**
 * Allows one writer at a time in this process (promise 3). A new attempt first ends the old one and
 * waits until the old one's requests have settled: a late request of an older attempt would run its
 * prompt again. Between processes, the lock on the data directory does the same.
 */
import { failure } from '../../contract/failures.js';
import { AgentError } from '../agent.js';

interface Entered {
  end: AbortController;
  settled: Promise<void>;
}

const ignore = () => undefined;

export class Fence {
  readonly #attempts = new Map<string, Entered>();
  readonly #beside = new Map<string, Set<Entered>>();

  /**
   * Runs the body as the only one for `of`, such as the turns of a session or the checks of a
   * topic. The body's signal is aborted when the given signal is, when a later attempt takes over,
   * and by `endAll`.
   */
  async alone<T>(of: string, signal: AbortSignal, body: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const place = await this.enter(of, signal);
    try {
      return await body(place.signal);
    } finally {
      place.leave();
    }
  }

  /**
   * The first half of `alone`. Call `leave`, the second half, once no request of the attempt is
   * under way.
   *
   * @throws the reason of the signal
   */
  async enter(of: string, signal: AbortSignal): Promise<{ signal: AbortSignal; leave: () => void }> {
    const before = this.#attempts.get(of);
    const reason = new AgentError(failure('OUTCOME_UNKNOWN', `A later attempt took over ${of}.`), true);
    for (const earlier of [before, ...(this.#beside.get(of) ?? [])]) earlier?.end.abort(reason);
    const end = new AbortController();
    let settle = () => {};
    const own = { end, settled: new Promise<void>((resolve) => (settle = resolve)) };
    this.#attempts.set(of, own);
    const leave = () => {
      // Settles only after the earlier attempt has, so that a third attempt waits for both.
      void Promise.resolve(before?.settled).then(() => {
        settle();
        if (this.#attempts.get(of) === own) this.#attempts.delete(of);
      });
    };
    const either = AbortSignal.any([signal, end.signal]);
    try {
      await before?.settled;
      // The stop of a turn can start while this attempt waits.
      for (let left = this.#beside.get(of); left; left = this.#beside.get(of))
        await Promise.all([...left].map(({ settled }) => settled));
      either.throwIfAborted();
    } catch (error) {
      leave();
      throw error;
    }
    return { signal: either, leave };
  }

  /**
   * Runs the body beside the attempt that is in, if there is one. A later attempt ends the body,
   * and starts only once it has settled: a late stop would hit another prompt's turn.
   */
  async beside<T>(of: string, signal: AbortSignal, body: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const end = new AbortController();
    const work = body(AbortSignal.any([signal, end.signal]));
    const own = { end, settled: work.then(ignore, ignore) };
    const all = this.#beside.get(of) ?? new Set();
    this.#beside.set(of, all.add(own));
    try {
      return await work;
    } finally {
      all.delete(own);
      if (all.size === 0) this.#beside.delete(of);
    }
  }

  endAll(reason: AgentError): void {
    for (const { end } of [...this.#attempts.values(), ...[...this.#beside.values()].flatMap((all) => [...all])])
      end.abort(reason);
  }
}
