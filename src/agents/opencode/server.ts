/**
 * The one `opencode serve` of a data directory. The process that creates this object holds the
 * directory's lock.
 *
 * 1. A server that outlived its worker is adopted, and its turns go on. If a new one would have
 *    another program or environment, it is replaced once no turn works (`shared/replacement.ts`).
 * 2. Otherwise every remaining process of it is ended before another one starts, because two
 *    servers on one session livelock.
 * 3. The password is in the server's environment and in a file that only its owner can read. It is
 *    never in arguments, logs or messages.
 */
import type { OpencodeClient } from '@opencode-ai/sdk/v2/client';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import getPort from 'get-port';
import { defined } from '../../contract/defined.js';
import { failure } from '../../contract/failures.js';
import { AgentError } from '../agent.js';
import { identityOf, isAlive } from '../../host/process-identity.js';
import { AGENT_MARKER, killTree } from '../../host/process-tree.js';
import { ask, clientOf, type Address } from './calls.js';
import { ServedDirectories } from './served-directories.js';
import { isOutdated, makingsOf } from '../shared/makings.js';
import { programInstead } from '../shared/replacement.js';
import { readRecord, writeRecord } from '../shared/server-record.js';
import { ServerRecord } from './record.js';
import { spawnServer } from './spawn.js';
import { storeOf, type Env } from './store.js';

export type Log = (message: string, facts?: object) => void;

export interface ServerOptions {
  dataDir: string;
  /** Called, to find the program and check its version, only when a server has to be started. */
  program: () => Promise<string>;
  env: Env;
  log: Log;
}

/**
 * A server that runs, as far as is known. A new server has a new generation, and facts about an
 * older one are no longer valid.
 */
export interface Connection {
  readonly client: OpencodeClient;
  readonly generation: number;
  readonly pid: number;
}

const BOOTS = 3;
const BOOT_MS = 30_000;
/** The first request during a start can hang, so many short ones are sent. */
const HEALTH_MS = 400;

export class OpenCodeServer {
  readonly store: string;
  readonly folder: string;
  readonly logFile: string;
  readonly directories: ServedDirectories;
  #generation = 0;
  #current: (Connection & { record: ServerRecord; isOutdated?: Promise<boolean> }) | undefined;
  #starting: Promise<Connection> | undefined;

  constructor(private readonly options: ServerOptions) {
    this.store = storeOf(options.env);
    this.folder = join(options.dataDir, 'agents', 'opencode');
    this.logFile = join(this.folder, 'server.log');
    this.directories = new ServedDirectories(join(this.folder, 'directories'));
  }

  /**
   * The running server. Adopts or starts one if there is none.
   *
   * @throws AgentError
   */
  async connect(): Promise<Connection> {
    const current = this.#current;
    if (current && (await isAlive(current.record))) return current;
    if (current !== this.#current) return this.connect(); // Another caller has replaced it meanwhile.
    this.#starting ??= this.#start().finally(() => (this.#starting = undefined));
    return this.#starting;
  }

  /**
   * For callers that got no answer. Gives up a server that is alive but does not answer for ten
   * seconds.
   */
  async verify(generation: number): Promise<void> {
    const current = this.#current;
    if (current?.generation !== generation || !(await isAlive(current.record))) return;
    if (await isHealthy(current.record, 10_000, 2_000)) return;
    this.options.log('The OpenCode server does not answer and is replaced.', { pid: current.pid });
    if (this.#current === current) this.#current = undefined;
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
    this.#current = undefined;
    await this.#starting;
    return true;
  }

  /** Of the server to which this process is connected. */
  get pid(): number | undefined {
    return this.#current?.pid;
  }

  /** Whether a server was ever started for this data directory. */
  wasUsed(): boolean {
    return existsSync(this.logFile);
  }

  /** Whether a server of this data directory runs. A worker before this one may have started it. */
  async isRunning(): Promise<boolean> {
    const record = this.#current?.record ?? (await readRecord(ServerRecord, this.#recordFile));
    return record !== undefined && (await isAlive(record));
  }

  /** The address of the running server. A worker before this one may have started it. */
  async address(): Promise<Address | undefined> {
    const record = this.#current?.record ?? (await readRecord(ServerRecord, this.#recordFile));
    return record && (await isAlive(record)) ? { port: record.port, password: record.password } : undefined;
  }

  /** Ends the server and every process that its tools have started. */
  async stop(): Promise<void> {
    // The caller of `connect` got the error. A server that did not start has less to end.
    await this.#starting?.catch(() => undefined);
    const record = this.#current?.record ?? (await readRecord(ServerRecord, this.#recordFile));
    this.#current = undefined;
    await this.#endTree(record);
    await rm(this.#recordFile, { force: true });
  }

  /** The entry in the environment of the server and of its tools. */
  async entry(): Promise<string> {
    return entryOf(await this.#marker());
  }

  get #recordFile(): string {
    return join(this.folder, 'server.json');
  }

  /** The same for the same data directory, so that a server is found even if its record is lost. */
  async #marker(): Promise<string> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    return createHash('sha256')
      .update(await realpath(this.folder))
      .digest('hex')
      .slice(0, 32);
  }

  async #start(): Promise<Connection> {
    const record = await readRecord(ServerRecord, this.#recordFile);
    if (record && record.store === this.store && (await isAlive(record)) && (await isHealthy(record, 10_000, 2_000))) {
      this.options.log('OpenCode was still running and is adopted.', { pid: record.pid, port: record.port });
      return this.#use(record, isOutdated(record.made, this.options.program, this.options.env));
    }
    return this.#booted(await this.options.program(), record);
  }

  async #booted(program: string, record: ServerRecord | undefined): Promise<Connection> {
    let cause: unknown;
    for (let boot = 1; boot <= BOOTS; boot++) {
      try {
        return this.#use(await this.#boot(program, record));
      } catch (error) {
        cause = error;
        this.options.log('OpenCode did not start.', { boot, reason: String(error) });
      }
    }
    await killTree(entryOf(await this.#marker()));
    throw new AgentError(
      failure('AGENT_CRASHED', `${program} did not start in ${BOOTS} attempts. Its log is ${this.logFile}.`),
      true,
      { cause },
    );
  }

  async #boot(program: string, left: ServerRecord | undefined): Promise<ServerRecord> {
    await this.#endTree(left);
    const marker = await this.#marker();
    const tmp = join(this.folder, 'tmp');
    await rm(tmp, { recursive: true, force: true });
    await mkdir(tmp, { mode: 0o700 });

    await this.directories.clear();
    const made = await makingsOf(program, this.options.env);
    const port = await getPort({ host: '127.0.0.1' });
    const password = randomBytes(24).toString('base64url');
    const pid = await spawnServer({
      program,
      port,
      password,
      marker,
      tmp,
      folder: this.folder,
      logFile: this.logFile,
      env: this.options.env,
    });
    const identity = await identityOf(pid);
    if (!identity) throw new Error(`process ${pid} ended at once`);
    const record = { ...identity, port, password, store: this.store, made };
    await writeRecord(this.#recordFile, record);
    if (!(await isHealthy(record, BOOT_MS, HEALTH_MS))) throw new Error(`no answer on port ${port}`);
    this.options.log('OpenCode was started.', { pid, port, program });
    return record;
  }

  /** Does not touch a recorded pid that now belongs to another process. */
  async #endTree(record: ServerRecord | undefined): Promise<void> {
    const ours = record !== undefined && (await isAlive(record));
    await killTree(entryOf(await this.#marker()), ours ? record.pid : undefined);
  }

  #use(record: ServerRecord, isOutdated?: Promise<boolean>): Connection {
    const { pid } = record;
    this.#current = {
      ...{ client: clientOf(record), generation: ++this.#generation, pid, record },
      ...defined({ isOutdated }),
    };
    return this.#current;
  }
}

function entryOf(marker: string): string {
  return `${AGENT_MARKER}=${marker}`;
}

async function isHealthy(record: ServerRecord & Address, forMs: number, callMs: number): Promise<boolean> {
  const client = clientOf(record);
  for (const end = Date.now() + forMs; Date.now() < end && (await isAlive(record)); await sleep(50)) {
    const health = await ask('answer', (options) => client.global.health(options), callMs).catch(() => undefined);
    if (health?.healthy) return true;
  }
  return false;
}
