/**
 * Shared by all agents of one data directory: the server, its threads, and the notes about them.
 */
import { join } from 'node:path';
import * as z from 'zod';
import { failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import { AgentError } from '../agent.js';
import { Unreachable } from '../driver.js';
import { patiently } from '../shared/patiently.js';
import { OUTDATED, Replacement } from '../shared/replacement.js';
import type { Notice } from './connection.js';
import { DurableFacts } from '../shared/durable-facts.js';
import { KnownRollouts } from './known-rollouts.js';
import { CodexServer, type Live, type Log, type ServerOptions } from './server.js';
import { Threads } from './threads.js';

/** By seed: the thread that was opened for it. */
const Opened = z.object({ thread: z.string(), model: z.string().optional() });
/** By seed: since when a copy is being made for it, in ms since 1970. */
const Forking = z.object({ since: z.number() });
/**
 * By key: the thread's last turn before the prompt was first put in, and the digest of the prompt.
 */
const Put = z.object({ after: z.string().optional(), digest: z.string() });
/** By session and ask: a person has allowed it for the session. */
const Allowed = z.object({});

const Loaded = z.object({ data: z.array(z.string()) });
const Status = z.object({ thread: z.object({ status: z.object({ type: z.string() }) }) });

export class CodexHome {
  readonly server: CodexServer;
  readonly threads = new Threads();
  readonly rollouts = new KnownRollouts();
  readonly opened: DurableFacts<z.infer<typeof Opened>>;
  readonly forking: DurableFacts<z.infer<typeof Forking>>;
  readonly puts: DurableFacts<z.infer<typeof Put>>;
  readonly allowed: DurableFacts<z.infer<typeof Allowed>>;
  readonly log: Log;
  readonly replacement: Replacement;
  readonly #listeners = new Set<(notice: Notice | undefined) => void>();
  #followed: Live | undefined;
  /** How many turns are followed in a thread. */
  readonly #following = new Map<SessionId, number>();
  #isLoginRefused = false;
  #loginReadAt = 0;
  #renewing: Promise<void> | undefined;
  #users = 0;
  #closed = false;

  constructor(options: ServerOptions) {
    this.log = options.log;
    this.server = new CodexServer(options);
    this.replacement = new Replacement({
      title: 'The Codex server',
      whyReplace: async () => ((await this.server.isOutdated()) ? OUTDATED : undefined),
      isBusy: async () => this.#closed || (await this.#isBusy()),
      replace: () => this.server.replace(),
      log: options.log,
    });
    this.opened = new DurableFacts(join(options.folder, 'opened'), Opened);
    this.forking = new DurableFacts(join(options.folder, 'forking'), Forking);
    this.allowed = new DurableFacts(join(options.folder, 'allowed'), Allowed);
    this.puts = new DurableFacts(join(options.folder, 'put-after'), Put);
  }

  retain(): void {
    this.#users++;
    this.#closed = false;
  }

  /** @throws AgentError */
  async connect(): Promise<Live> {
    if (this.#closed)
      throw new AgentError(
        failure('AGENT_CRASHED', 'This worker is closing and let go of Codex.', 'Start a worker again.'),
        true,
      );
    const live = await this.server.connect();
    if (this.#followed?.generation !== live.generation) {
      this.#followed = live;
      live.connection.listen((notice) => {
        for (const listener of this.#listeners) listener(notice);
      });
    }
    return live;
  }

  /**
   * Calls the listener for every notice, and with `undefined` when the connection breaks.
   *
   * @returns a function that stops listening
   */
  listen(listener: (notice: Notice | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Runs idempotent work on a running server, with a few tries.
   *
   * @throws AgentError
   */
  withServer<T>(work: (live: Live) => Promise<T>, signal: AbortSignal): Promise<T> {
    const recover = ({ generation }: Live) => this.server.verify(generation);
    return patiently({ connect: () => this.connect(), recover, log: this.server.logFile }, signal, work);
  }

  follow(session: SessionId): void {
    this.#following.set(session, (this.#following.get(session) ?? 0) + 1);
  }

  /** When no turn is followed any more, the thread becomes free for a person's own Codex. */
  unfollow(session: SessionId): void {
    const left = (this.#following.get(session) ?? 1) - 1;
    if (left > 0) return void this.#following.set(session, left);
    this.#following.delete(session);
    void this.#letGo(session);
  }

  async #letGo(session: SessionId): Promise<void> {
    const live = this.#followed;
    if (!live || live.connection.closed || this.#closed) return;
    try {
      await this.threads.letGo(live, session);
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      this.log('A thread of Codex stays loaded.', { session, reason: error.message });
    }
  }

  /** Takes in that a provider refused the credentials. `at`: ISO 8601. */
  loginWasRefused(at: string): void {
    if (Date.parse(at) > this.#loginReadAt) this.#isLoginRefused = true;
  }

  /**
   * Lets a login take effect: Codex reads its credentials when it starts, and keeps them (0.169.0).
   * While a turn runs, nothing is done.
   */
  async renewLogin(): Promise<void> {
    if (this.#isLoginRefused) await (this.#renewing ??= this.#renewLogin().finally(() => (this.#renewing = undefined)));
  }

  async #renewLogin(): Promise<void> {
    if (await this.#isBusy()) return;
    this.#isLoginRefused = false;
    this.#loginReadAt = Date.now();
    this.log('Codex is started again, because its credentials were refused.');
    await this.server.stop();
  }

  /**
   * Called once by each user. The last one lets go of the server, and ends it if `stop` is set or
   * no turn runs.
   */
  async release(stop: boolean): Promise<void> {
    if (--this.#users > 0) return;
    this.#closed = true;
    if (stop || !(await this.#isBusy())) await this.server.stop();
    else this.server.release();
  }

  /** Whether a turn runs. True, too, when that cannot be found out. */
  async #isBusy(): Promise<boolean> {
    if ((await this.server.socket()) === undefined) return false;
    try {
      const { connection } = await this.server.connect();
      const { data } = Loaded.parse(await connection.call('thread/loaded/list', {}));
      const all = data.map(
        async (threadId) =>
          Status.parse(await connection.call('thread/read', { threadId })).thread.status.type === 'active',
      );
      return (await Promise.all(all)).some(Boolean);
    } catch (error) {
      this.log('Codex is left running: it does not say whether a turn runs.', { reason: String(error) });
      return true;
    }
  }
}
