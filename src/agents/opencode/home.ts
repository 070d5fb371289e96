/**
 * Shared by all agents of one data directory: the server, its events, and the directories of its
 * sessions.
 */
import { join } from 'node:path';
import * as z from 'zod';
import { failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import { AgentError, type SessionRef } from '../agent.js';
import { DurableFacts } from '../shared/durable-facts.js';
import { patiently } from '../shared/patiently.js';
import { OUTDATED, Replacement } from '../shared/replacement.js';
import { ask } from './calls.js';
import { Events } from './events.js';
import { KeptAnswers } from './kept-answers.js';
import { Logins } from './logins.js';
import { ModelPrices } from './model-prices.js';
import { findSession, type Place } from './read-session.js';
import { refusalOfService } from './service.js';
import { whyRecycle } from './why-recycle.js';
import { OpenCodeServer, type Connection, type Log, type ServerOptions } from './server.js';

/** By seed: when the making of a copy began, and the copy's session once it exists. */
const Forked = z.object({ since: z.number(), session: z.string().optional() });
/** By copy: the seed that it was made for. */
const Copied = z.object({ seed: z.string() });

export class OpenCodeHome {
  readonly server: OpenCodeServer;
  readonly events: Events;
  readonly answers: KeptAnswers;
  readonly forks: DurableFacts<z.infer<typeof Forked>>;
  readonly copies: DurableFacts<z.infer<typeof Copied>>;
  readonly logins = new Logins();
  readonly prices = new ModelPrices();
  readonly replacement: Replacement;
  /** The directories of sessions that this process has used. A session never moves. */
  readonly directories = new Map<SessionId, string>();
  readonly log: Log;
  #users = 0;
  #closed = false;

  constructor(private readonly options: ServerOptions & { memoryLimit?: number }) {
    this.log = options.log;
    this.server = new OpenCodeServer(options);
    this.events = new Events(options.log);
    this.answers = new KeptAnswers(this.server.folder);
    this.forks = new DurableFacts(join(this.server.folder, 'forks'), Forked);
    this.copies = new DurableFacts(join(this.server.folder, 'copies'), Copied);
    this.replacement = new Replacement({
      title: 'The OpenCode server',
      whyReplace: async () => ((await this.server.isOutdated()) ? OUTDATED : undefined),
      whyRecycle: () => whyRecycle(this.server, options.memoryLimit),
      isBusy: async () => this.#closed || (await this.#isBusy()),
      replace: () => this.server.replace(),
      log: options.log,
    });
  }

  retain(): void {
    this.#users++;
    this.#closed = false;
  }

  /** @throws AgentError */
  async connect(): Promise<Connection> {
    if (this.#closed)
      throw new AgentError(
        failure('AGENT_CRASHED', 'This worker is closing and let go of OpenCode.', 'Start a worker again.'),
        true,
      );
    return this.server.connect();
  }

  /**
   * Runs idempotent work on a running server, with a few tries.
   *
   * @throws AgentError
   */
  withServer<T>(work: (connection: Connection) => Promise<T>, signal: AbortSignal): Promise<T> {
    const recover = ({ generation }: Connection) => this.server.verify(generation);
    return patiently({ connect: () => this.connect(), recover, log: this.server.logFile }, signal, work);
  }

  /**
   * The session's directory in the store, otherwise the pinned one.
   *
   * @throws CallFailed
   */
  async placeOf(connection: Connection, { session_id, cwd }: SessionRef): Promise<Place> {
    const known = this.directories.get(session_id) ?? (await findSession(connection, session_id))?.directory;
    if (known !== undefined) this.directories.set(session_id, known);
    const directory = known ?? cwd;
    await this.server.directories.note(directory);
    return { sessionID: session_id, directory };
  }

  /**
   * Called at the start of each turn, because a service of OpenCode 2.x may have started since the
   * last one.
   *
   * @throws AgentError AGENT_UNSUPPORTED
   */
  async checkService(): Promise<void> {
    const refusal = await refusalOfService(this.server.store, this.options.env);
    if (refusal) throw new AgentError(refusal, false);
    await this.answers
      .prune()
      .catch((error: unknown) => this.log('Old answers could not be removed.', { reason: String(error) }));
  }

  /**
   * Called once by each user. The last one lets go of the server, and ends it if `stop` is set or
   * no turn runs.
   */
  async release(stop: boolean): Promise<void> {
    if (--this.#users > 0) return;
    this.#closed = true;
    await this.events.close();
    if (stop || !(await this.#isBusy())) await this.server.stop();
  }

  /** Whether a turn runs. True, too, when that cannot be found out. */
  async #isBusy(): Promise<boolean> {
    if (!(await this.server.isRunning())) return false;
    const directories = await this.server.directories.all();
    if (!directories) return true;
    try {
      const { client } = await this.server.connect();
      const all = directories.map((directory) =>
        ask('tell the status', (options) => client.session.status({ directory }, options)),
      );
      return (await Promise.all(all)).some((sessions) => Object.values(sessions).some(({ type }) => type !== 'idle'));
    } catch (error) {
      this.log('OpenCode is left running: it does not say whether a turn runs.', { reason: String(error) });
      return true;
    }
  }
}
