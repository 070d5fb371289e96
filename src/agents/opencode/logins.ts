/**
 * Lets a login take effect while the server runs. OpenCode reads the credentials of a directory
 * once, and keeps them until it disposes of what it holds for the directory (1.18.33).
 */
import { ask } from './calls.js';
import { failureOf } from './failures.js';
import { statusesIn, type Place } from './read-session.js';
import type { Connection } from './server.js';
import type { StoredMessage } from './turn-state.js';

export class Logins {
  /** The directories in which a provider has refused the credentials since they were read. */
  readonly #refused = new Set<string>();
  /** When they were read again. */
  readonly #readAt = new Map<string, number>();

  /** Takes in what became of the last turn of a session. */
  see({ directory, sessionID }: Place, messages: readonly StoredMessage[]): void {
    const last = messages.at(-1)?.info;
    if (last?.role !== 'assistant' || !last.error || failureOf(last.error, sessionID).code !== 'AGENT_AUTH') return;
    if (last.time.created > (this.#readAt.get(directory) ?? 0)) this.#refused.add(directory);
  }

  /**
   * Makes OpenCode read the credentials again if a provider has refused them. Call it before
   * something is put in. While a session of the directory works, nothing is done.
   *
   * @throws CallFailed
   */
  async renew(connection: Connection, { directory }: Place): Promise<void> {
    if (!this.#refused.has(directory)) return;
    const statuses = Object.values(await statusesIn(connection, { directory }));
    if (statuses.some((status) => status?.type !== 'idle')) return;
    await ask('read the credentials again', (options) => connection.client.instance.dispose({ directory }, options));
    this.#refused.delete(directory);
    this.#readAt.set(directory, Date.now());
  }
}
