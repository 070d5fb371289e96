/** What all agents of one data directory share: the server, its events, and what is known of the turns at work here. */
import { join } from 'node:path';
import pRetry from 'p-retry';
import { failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import { AgentError, type SessionRef } from '../agent.js';
import { ask, CallFailed } from './calls.js';
import { CancelledPrompts } from './cancelled.js';
import { Events } from './events.js';
import { Fences } from './fences.js';
import { refusalOfService } from './service.js';
import { OpenCodeServer, type Connection, type Log, type ServerOptions } from './server.js';

/** A turn that this process works on. */
export interface Active {
  messageId: string;
  wake(): void;
}

export class OpenCodeHome {
  readonly server: OpenCodeServer;
  readonly events: Events;
  readonly cancelled: CancelledPrompts;
  readonly fences = new Fences();
  readonly active = new Map<SessionId, Active>();
  readonly directories = new Set<string>();
  readonly log: Log;
  #users = 0;
  #closed = false;
  #pruned: Promise<void> | undefined;

  constructor(private readonly options: ServerOptions) {
    this.log = options.log;
    this.server = new OpenCodeServer(options);
    this.events = new Events(options.log);
    this.cancelled = new CancelledPrompts(join(this.server.folder, 'cancelled'));
  }

  retain(): void {
    this.#users++;
    this.#closed = false;
  }

  /** @throws AgentError */
  async connect(): Promise<Connection> {
    if (this.#closed) throw new AgentError(failure('AGENT_CRASHED', 'OpenCode was let go of: this worker is closing.', 'Start a worker again.'), true);
    this.#pruned ??= this.cancelled.prune().catch((error: unknown) => this.log('Old notes of cancelled prompts could not be removed.', { reason: String(error) }));
    await this.#pruned;
    return this.server.connect();
  }

  /** A few tries on a server that runs, for what is idempotent. @throws AgentError */
  async withServer<T>(work: (connection: Connection) => Promise<T>, signal: AbortSignal): Promise<T> {
    const attempt = async () => {
      signal.throwIfAborted();
      const connection = await this.connect();
      try {
        return await work(connection);
      } catch (error) {
        if (error instanceof CallFailed) await this.server.verify(connection);
        throw error;
      }
    };
    try {
      return await pRetry(attempt, { retries: 4, minTimeout: 200, shouldRetry: ({ error }) => error instanceof CallFailed, signal });
    } catch (error) {
      throw error instanceof CallFailed ? this.unreachable(error) : error;
    }
  }

  unreachable(cause: CallFailed): AgentError {
    return new AgentError(failure('AGENT_CRASHED', `${cause.message}. Its log is ${this.server.logFile}.`), true, { cause });
  }

  /** A session of another store is neither there nor lost: this store cannot know it. @throws AgentError that is retryable */
  checkStore({ session_id, store }: SessionRef): void {
    if (store === this.server.store) return;
    const message = `Session ${session_id} was opened in the store ${store}, and this worker's OpenCode uses ${this.server.store}.`;
    throw new AgentError(failure('OUTCOME_UNKNOWN', message, 'Start the worker with the environment that it had then: HOME, XDG_DATA_HOME, OPENCODE_DB.'), true);
  }

  /** At the start of each turn: a service of OpenCode 2.x may have been started since the last one. @throws AgentError AGENT_UNSUPPORTED */
  async checkService(): Promise<void> {
    const refusal = await refusalOfService(this.server.store, this.options.env);
    if (refusal) throw new AgentError(refusal, false);
  }

  /** The last of its users lets go of the server: ends it if asked to, or if it has nothing to do. */
  async release(stop: boolean): Promise<void> {
    if (--this.#users > 0) return;
    this.#closed = true;
    this.fences.endAll(new AgentError(failure('AGENT_CRASHED', 'The worker let go of OpenCode.', 'Start a worker again.'), true));
    await this.events.close();
    if (stop || !(await this.#isBusy())) await this.server.stop();
  }

  /** Also when it cannot be told. */
  async #isBusy(): Promise<boolean> {
    if (!(await this.server.isRunning())) return false;
    if (this.directories.size === 0) return true;
    try {
      const { client } = await this.server.connect();
      const all = [...this.directories].map((directory) => ask('tell the status', (options) => client.session.status({ directory }, options)));
      return (await Promise.all(all)).some((sessions) => Object.values(sessions).some(({ type }) => type !== 'idle'));
    } catch (error) {
      this.log('OpenCode is left running: it does not say whether a turn runs.', { reason: String(error) });
      return true;
    }
  }
}
