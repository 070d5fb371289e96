/**
 * One connection for all calls. The first call that needs it makes it. After Temporal was
 * unreachable, the next call makes a new one.
 */
import type { SessionManager } from '../client/session-manager.js';
import { toldOf } from '../client/told.js';

export class LazyManager {
  readonly #connect: () => Promise<SessionManager>;
  readonly #made: SessionManager[] = [];
  #current: Promise<SessionManager> | undefined;

  constructor(connect: () => Promise<SessionManager>) {
    this.#connect = connect;
  }

  async use<T>(work: (manager: SessionManager) => Promise<T>): Promise<T> {
    const used = (this.#current ??= this.#connected());
    let connected = false;
    try {
      const manager = await used;
      connected = true;
      return await work(manager);
    } catch (error) {
      // The user may have corrected the config, or the server may have restarted at another
      // address. Calls that wait on the old connection keep it.
      const again = !connected || toldOf(error).error.code === 'TEMPORAL_UNAVAILABLE';
      if (again && this.#current === used) this.#current = undefined;
      throw error;
    }
  }

  async disconnect(): Promise<void> {
    await Promise.all(this.#made.map((manager) => manager.disconnect()));
  }

  async #connected(): Promise<SessionManager> {
    const manager = await this.#connect();
    this.#made.push(manager);
    return manager;
  }
}
