/** The development stack: Temporal's server on a database file, its Web UI and a worker. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { defined } from '../contract/defined.js';
import { endOf } from './child-end.js';
import { deadline } from '../host/deadline.js';
import { ensureDataDir, holdDataDir, lockedBy } from '../host/data-dir-lock.js';
import type { DevServer } from './dev-server.js';
import { keepRunning, type Kept } from './keep-running.js';
import { leftBehind, markOf } from './left-behind.js';
import { logOf, watchLog } from './logs.js';
import type { WantedPorts } from './ports.js';
import { defaultAgentSaid, type WorkerState } from '../host/worker-state.js';
import { endProcess, identityOf, isAlive } from '../host/process-identity.js';
import { bringUpServer, endServer, startServer, type ServerSource } from './server-part.js';
import {
  addressesOf,
  readStackRecord,
  removeRecordOfEnded,
  writeStackRecord,
  type StackRecord,
} from './stack-record.js';
import { startUiProxy } from './ui-proxy.js';
import { startWorker, takesWork, type WorkerOptions, type WorkerProcess } from './worker-process.js';
import { workerScript } from './worker-script.js';

export interface StackOptions extends WantedPorts {
  dataDir: string;
  /** Where the worker looks for its config. */
  cwd: string;
  env?: NodeJS.ProcessEnv;
  /** The worker to run. Default: the one of this package. */
  script?: string;
  /** Gets one line for each event that a person should see. */
  report: (line: string) => void;
  /** Gets the worker's log. */
  workerLog: (text: string) => void;
  /** More host names for the Web UI, in addition to those of the loopback interface. */
  uiNames?: readonly string[];
}

export interface RunningStack {
  address: string;
  uiUrl: string;
  /**
   * Exit code of a worker that cannot work at all, for example because of a broken config. The
   * worker has reported why.
   */
  workerFailed?: number;
  /** As in `WorkerState`. Absent: the worker has not said it yet. */
  agent?: WorkerState['agent'];
}

const WORKER_READY_WITHIN_MS = 60_000;
/** Its first word: a version or two is asked for it. */
const AGENT_SAID_WITHIN_MS = 5_000;
const WORKER_STOPS_WITHIN_MS = 30_000;
const KILLED_WITHIN_MS = 5_000;
/**
 * Exit codes of the failure table start here. A failure with one of them would happen again, so the
 * worker is not restarted. Exit code 1 is a defect, which may pass.
 */
const REFUSED_FROM = 2;

export class DevelopmentStack {
  readonly #options: StackOptions;
  readonly #stopping = new AbortController();
  readonly #record: StackRecord = {};
  /** Every spawned process, from the moment of its spawn. */
  readonly #children = new Set<ChildProcess>();
  readonly #watched: { stop(): Promise<void> }[] = [];
  #starting: Promise<RunningStack> | undefined;
  #lock: { release(): void } | undefined;
  #server: Kept<DevServer> | undefined;
  #worker: Kept<WorkerProcess> | undefined;
  #ui: { close(): Promise<void> } | undefined;

  constructor(options: StackOptions) {
    this.#options = options;
  }

  /** @throws Failed. No process is left running. */
  start(): Promise<RunningStack> {
    this.#starting ??= this.#start().catch(async (error: unknown) => {
      await this.#end();
      throw error;
    });
    return this.#starting;
  }

  /** Stops the worker with its agents, then the server. Leaves no process. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#starting?.catch(() => undefined); // The caller of `start` has this error.
    await this.#end();
  }

  /**
   * Kills everything at once, even during a start. The next start takes over an agent that is left.
   */
  async kill(): Promise<void> {
    this.#stopping.abort();
    const server = this.#server?.current();
    for (const child of this.#children) child.kill('SIGKILL');
    await Promise.all([
      ...[...this.#children].map(hasEnded),
      ...(server ? [endProcess(server, 'SIGKILL', KILLED_WITHIN_MS)] : []),
    ]);
  }

  async #start(): Promise<RunningStack> {
    const { dataDir, env = process.env, report, workerLog: write, uiNames: names = [] } = this.#options;
    const script = this.#options.script ?? workerScript();
    await ensureDataDir(dataDir);
    this.#lock = holdDataDir(dataDir, 'up');
    const log = logOf(dataDir, 'worker');
    this.#watched.push(await watchLog(logOf(dataDir, 'temporal'), { report }), await watchLog(log, { report, write }));
    const left = await readStackRecord(dataDir);
    await this.#mustBeAlone(left);
    await this.#endLeftWorkers(left);
    this.#record.up = await identityOf(process.pid);
    const starter = { signal: this.#stopping.signal, spawned: (child: ChildProcess) => this.#know(child) };
    const server = await this.#startServer(left, {
      dataDir,
      env,
      report,
      ...starter,
      record: (part) => this.#note({ server: part }),
    });
    this.#ui = await startUiProxy({ port: server.first.uiPort, ui: () => server.current().ui ?? NO_UI, names });
    const { address, uiUrl } = addressesOf(server.first);
    // The signal decides about the worker's agents. SIGINT ends them. SIGTERM leaves them to the
    // next worker.
    const workerEnv = {
      ...withoutTemporal(env),
      ...ownTemporal(dataDir, address),
      ...markOf('worker', dataDir),
      CONTINUITY_DATA_DIR: dataDir,
    };
    const workerFailed = await this.#startWorker(address, {
      script,
      cwd: this.#options.cwd,
      env: workerEnv,
      log,
      ...starter,
    });
    if (workerFailed !== undefined) return { address, uiUrl, workerFailed };
    const agent = await this.#defaultAgent();
    return { address, uiUrl, ...defined({ agent }) };
  }

  async #defaultAgent(): Promise<WorkerState['agent']> {
    const worker = this.#worker?.current();
    if (!worker) return undefined;
    const over = new AbortController();
    void worker.ended.then(() => over.abort());
    const signal = deadline(AGENT_SAID_WITHIN_MS, this.#stopping.signal, over.signal);
    return defaultAgentSaid(this.#options.dataDir, worker.pid, signal);
  }

  #know(child: ChildProcess): void {
    this.#children.add(child);
    void hasEnded(child).then(() => this.#children.delete(child));
  }

  /**
   * Refuses to start when the record names another `continuity up` that still runs. The data
   * directory is then a copy, or its lock file was removed. Starting would leave the other's
   * processes behind.
   */
  async #mustBeAlone({ up }: StackRecord): Promise<void> {
    if (!up || up.pid === process.pid || !(await isAlive(up))) return;
    throw lockedBy(
      `the stack that ${this.#options.dataDir} records (process ${up.pid}). The directory is a copy of the one in use, or its file up.lock was removed`,
      'up',
      'use a new directory with --data-dir',
    );
  }

  /** The worker's turns continue in the agent, and the next worker finds them there. */
  async #endLeftWorkers(left: StackRecord): Promise<void> {
    const { dataDir, report } = this.#options;
    for (const worker of [...(left.worker ? [left.worker] : []), ...(await leftBehind('worker', dataDir))]) {
      if (!(await isAlive(worker))) continue;
      report(`Ending the worker that an earlier continuity up left (process ${worker.pid}).`);
      await endProcess(worker, 'SIGTERM', WORKER_STOPS_WITHIN_MS);
    }
  }

  async #startServer(left: StackRecord, source: ServerSource): Promise<{ first: DevServer; current: () => DevServer }> {
    const first = await bringUpServer(left.server, this.#options, source);
    const kept = keepRunning(first, {
      name: 'Temporal server',
      start: () => startServer(first, source),
      report: this.#options.report,
    });
    this.#server = kept;
    return { first, current: () => kept.current() };
  }

  async #startWorker(address: string, options: WorkerOptions): Promise<number | undefined> {
    if (this.#stopping.signal.aborted) return undefined;
    const { report } = this.#options;
    const since = Date.now();
    const start = async () => {
      const worker = await startWorker(options);
      await this.#note({ worker: { pid: worker.pid, started: worker.started } });
      return worker;
    };
    const first = await start();
    const ready = await takesWork(first, {
      address,
      since,
      signal: deadline(WORKER_READY_WITHIN_MS, this.#stopping.signal),
    });
    const exit = first.exitCode();
    if (exit !== undefined && exit >= REFUSED_FROM) return exit;
    this.#worker = keepRunning(first, { name: 'worker', start, report });
    if (!ready && exit === undefined && !this.#stopping.signal.aborted)
      report(`The worker takes no work after ${WORKER_READY_WITHIN_MS / 1000} s; its log is above.`);
    return undefined;
  }

  /**
   * A full disk must not end running processes. Without the record, the next start finds them by
   * their mark.
   */
  async #note(part: StackRecord): Promise<void> {
    Object.assign(this.#record, part);
    await writeStackRecord(this.#options.dataDir, this.#record).catch((error: unknown) => {
      this.#options.report(
        `${error instanceof Error ? error.message : String(error)}. Other commands may not find this stack. Make room, then start continuity up again.`,
      );
    });
  }

  async #end(): Promise<void> {
    await this.#worker?.release();
    if (this.#worker) await endProcess(this.#worker.current(), 'SIGINT', WORKER_STOPS_WITHIN_MS);
    await this.#ui?.close();
    await this.#server?.release();
    if (this.#server) await endServer(this.#server.current());
    await Promise.all(this.#watched.splice(0).map((watched) => watched.stop()));
    if (this.#lock) await removeRecordOfEnded(this.#options.dataDir);
    this.#lock?.release();
    this.#worker = this.#server = this.#lock = this.#ui = undefined;
  }
}

/** Refuses every connection: nothing listens on port 1 of this address. */
const NO_UI = { host: '127.0.0.1', port: 1 };

function hasEnded(child: ChildProcess): Promise<unknown> {
  return child.exitCode === null && child.signalCode === null && child.pid !== undefined
    ? endOf(child)
    : Promise.resolve();
}

/** Settings for another Temporal (a namespace, a key, TLS) do not apply to this server. */
function withoutTemporal(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

/**
 * `TEMPORAL_CONFIG_FILE` names a file that does not exist, so that the person's own `temporal.toml`
 * is not read.
 */
function ownTemporal(dataDir: string, address: string): NodeJS.ProcessEnv {
  return {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: 'default',
    TEMPORAL_CONFIG_FILE: join(dataDir, 'temporal.toml'),
  };
}
