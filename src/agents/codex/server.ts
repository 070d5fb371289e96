/**
 * The one `codex app-server` of a data directory. The process that creates this object holds the
 * directory's lock.
 *
 * 1. A server that outlived its worker is adopted, and its turns go on. If a new one would have
 *    another program or environment, it is replaced once no turn works (`shared/replacement.ts`).
 * 2. Otherwise every remaining process of it is ended before another one starts.
 * 3. Only its owner can open its socket, which Codex creates with mode 0600.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defined } from '../../contract/defined.js';
import { failure } from '../../contract/failures.js';
import { identityOf, isAlive } from '../../host/process-identity.js';
import { AGENT_MARKER, killTree } from '../../host/process-tree.js';
import { AgentError } from '../agent.js';
import { Unreachable } from '../driver.js';
import { Connection } from './connection.js';
import { isOutdated, makingsOf } from '../shared/makings.js';
import { programInstead } from '../shared/replacement.js';
import { readRecord, writeRecord } from '../shared/server-record.js';
import { ServerRecord } from './record.js';
import { spawnServer } from './spawn.js';
import { storeOf, type Env } from './store.js';

export type Log = (message: string, facts?: object) => void;

export interface ServerOptions {
  /** The folder in the data directory for this kind of agent alone. */
  folder: string;
  /** Called, to find the program and check its version, only when a server has to be started. */
  program: () => Promise<string>;
  env: Env;
  log: Log;
}

/**
 * A connection to a running server. A new connection has a new generation, because a request of a
 * dead one may still be carried out.
 */
export interface Live {
  readonly connection: Connection;
  readonly generation: number;
  readonly pid: number;
  /** Together with the pid it names one process (ProcessIdentity). */
  readonly started: string;
}

const BOOTS = 3;
const BOOT_MS = 30_000;
const ADOPT_MS = 3_000;
const VERIFY_MS = 10_000;
/** The kernel takes 108 bytes (104 on macOS), including the zero at the end. */
const LONGEST_SOCKET = 100;

export class CodexServer {
  readonly store: string;
  readonly logFile: string;
  #generation = 0;
  #current: (Live & { record: ServerRecord; isOutdated?: Promise<boolean> }) | undefined;
  #starting: Promise<Live> | undefined;

  constructor(private readonly options: ServerOptions) {
    this.store = storeOf(options.env);
    this.logFile = join(options.folder, 'server.log');
  }

  /**
   * The connection to the running server. Adopts or starts a server if there is none.
   *
   * @throws AgentError
   */
  async connect(): Promise<Live> {
    const current = this.#current;
    if (current && !current.connection.closed) return current;
    this.#starting ??= this.#start().finally(() => (this.#starting = undefined));
    return this.#starting;
  }

  /** For callers that got no answer. Gives up a server that is alive but does not answer. */
  async verify(generation: number): Promise<void> {
    const current = this.#current;
    if (current?.generation !== generation || current.connection.closed) return;
    try {
      await current.connection.call('thread/loaded/list', {}, VERIFY_MS);
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      this.options.log('Codex does not answer. A new connection is made.', {
        pid: current.pid,
        reason: error.message,
      });
      current.connection.close();
    }
  }

  /** Whether a new server would have another program or environment than the one that was adopted. */
  async isOutdated(): Promise<boolean> {
    return (await this.#current?.isOutdated) ?? false;
  }

  /** Ends the server and starts another. Whoever connects meanwhile waits for the other. */
  async replace(): Promise<boolean> {
    const program = await programInstead(this.options);
    if (program === undefined) return false;
    const current = this.#current;
    if (!current) return true;
    this.#starting ??= this.#booted(program, current.record).finally(() => (this.#starting = undefined));
    this.release();
    await this.#starting;
    return true;
  }

  /** Whether a server was ever started for this data directory. */
  wasUsed(): boolean {
    return existsSync(this.logFile);
  }

  /** The socket of the running server. A worker before this one may have started it. */
  async socket(): Promise<string | undefined> {
    const record = this.#current?.record ?? (await readRecord(ServerRecord, this.#recordFile));
    return record && (await isAlive(record)) ? record.socket : undefined;
  }

  /** Lets go of the server, which goes on. */
  release(): void {
    this.#current?.connection.close();
    this.#current = undefined;
  }

  /** Ends the server and every process that its tools have started. */
  async stop(): Promise<void> {
    // The caller of `connect` got the error. A server that did not start has less to end.
    await this.#starting?.catch(() => undefined);
    const record = this.#current?.record ?? (await readRecord(ServerRecord, this.#recordFile));
    this.release();
    await this.#endTree(record);
    await rm(this.#recordFile, { force: true });
  }

  /** The entry in the environment of the server and of its tools. */
  async entry(): Promise<string> {
    return entryOf(await this.#marker());
  }

  get #recordFile(): string {
    return join(this.options.folder, 'server.json');
  }

  /** The same for the same data directory, so that a server is found even if its record is lost. */
  async #marker(): Promise<string> {
    await mkdir(this.options.folder, { recursive: true, mode: 0o700 });
    return createHash('sha256')
      .update(await realpath(this.options.folder))
      .digest('hex')
      .slice(0, 32);
  }

  async #start(): Promise<Live> {
    const record = await readRecord(ServerRecord, this.#recordFile);
    const adopted = await this.#adopted(record);
    return adopted ?? this.#booted(await this.options.program(), record);
  }

  async #booted(program: string, record: ServerRecord | undefined): Promise<Live> {
    let cause: unknown;
    for (let boot = 1, left = record; boot <= BOOTS; boot++, left = undefined) {
      try {
        return await this.#boot(program, left);
      } catch (error) {
        cause = error;
        this.options.log('Codex did not start.', { boot, reason: String(error) });
      }
    }
    await killTree(entryOf(await this.#marker()));
    throw new AgentError(
      failure('AGENT_CRASHED', `${program} did not start in ${BOOTS} attempts. Its log is ${this.logFile}.`),
      true,
      { cause },
    );
  }

  async #adopted(record: ServerRecord | undefined): Promise<Live | undefined> {
    if (!record || record.store !== this.store || !(await isAlive(record))) return undefined;
    try {
      const live = this.#use(
        record,
        await Connection.open(record.socket, ADOPT_MS),
        isOutdated(record.made, this.options.program, this.options.env),
      );
      this.options.log('Codex was still running and is adopted.', { pid: record.pid });
      return live;
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      this.options.log('A Codex that does not answer is replaced.', { pid: record.pid, reason: error.message });
      return undefined;
    }
  }

  async #boot(program: string, left: ServerRecord | undefined): Promise<Live> {
    await this.#endTree(left);
    const { folder, logFile, env } = { ...this.options, logFile: this.logFile };
    const socket = await socketIn(folder);
    const made = await makingsOf(program, env);
    const pid = await spawnServer({ program, socket, marker: await this.#marker(), folder, logFile, env });
    const identity = await identityOf(pid);
    if (!identity) throw new Error(`process ${pid} ended at once`);
    const record = { ...identity, socket, store: this.store, made };
    await writeRecord(this.#recordFile, record);
    const connection = await firstConnection(record);
    this.options.log('Codex was started.', { pid, program });
    return this.#use(record, connection);
  }

  /** Does not touch a recorded pid that now belongs to another process. */
  async #endTree(record: ServerRecord | undefined): Promise<void> {
    const ours = record !== undefined && (await isAlive(record));
    await killTree(entryOf(await this.#marker()), ours ? record.pid : undefined);
    if (record && dirname(record.socket) !== this.options.folder && isTemporary(record.socket))
      await rm(dirname(record.socket), { recursive: true, force: true });
  }

  #use(record: ServerRecord, connection: Connection, isOutdated?: Promise<boolean>): Live {
    const { pid, started } = record;
    this.#current = { connection, generation: ++this.#generation, pid, started, record, ...defined({ isOutdated }) };
    return this.#current;
  }
}

const TEMPORARY = 'continuity-codex-socket-';
const isTemporary = (socket: string) => dirname(socket).startsWith(join(tmpdir(), TEMPORARY));

/** The path of the socket, in a directory that only its owner can enter. */
async function socketIn(folder: string): Promise<string> {
  const socket = join(folder, 'app.sock');
  if (Buffer.byteLength(socket) <= LONGEST_SOCKET) return socket;
  return join(await mkdtemp(join(tmpdir(), TEMPORARY)), 'app.sock');
}

function entryOf(marker: string): string {
  return `${AGENT_MARKER}=${marker}`;
}

async function firstConnection(record: ServerRecord): Promise<Connection> {
  let cause: unknown;
  for (const end = Date.now() + BOOT_MS; Date.now() < end && (await isAlive(record)); await sleep(25)) {
    try {
      return await Connection.open(record.socket, ADOPT_MS);
    } catch (error) {
      cause = error;
    }
  }
  throw new Error(`no answer on ${record.socket}`, { cause });
}
