/** The development stack: Temporal's server on a file database, its Web UI, and a worker. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { endOf } from './child-end.js';
import { ensureDataDir, holdDataDir } from './data-dir.js';
import type { DevServer } from './dev-server.js';
import { keepRunning, type Kept } from './keep-running.js';
import { leftBehind, markOf } from './left-behind.js';
import { logOf, watchLog } from './logs.js';
import type { WantedPorts } from './ports.js';
import { endProcess, identityOf, isAlive } from '../host/process-identity.js';
import { bringUpServer, endServer, startServer, type ServerSource } from './server-part.js';
import { addressesOf, readRecord, removeRecordOfEnded, writeRecord, type StackRecord } from './stack-record.js';
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
  /** One line for each thing that a person wants to know meanwhile. */
  report: (line: string) => void;
  /** What the worker logs. */
  workerLog: (text: string) => void;
  /** More host names under which the Web UI may be reached, beside those of the loopback. */
  uiNames?: readonly string[];
}

export interface RunningStack {
  address: string;
  uiUrl: string;
  /** Exit code of a worker that cannot work at all, such as for a broken config; it has said why. */
  workerFailed?: number;
}

const WORKER_READY_WITHIN_MS = 60_000;
const WORKER_STOPS_WITHIN_MS = 30_000;
const KILLED_WITHIN_MS = 5_000;
/** From the failure table: whatever is refused at start is refused again. 1 is a defect, which may pass. */
const REFUSED_FROM = 2;

export class DevelopmentStack {
  readonly #options: StackOptions;
  readonly #stopping = new AbortController();
  readonly #record: StackRecord = {};
  /** Every process that was spawned, from its first moment on. */
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

  /** @throws StackError, with nothing left running */
  start(): Promise<RunningStack> {
    this.#starting ??= this.#start().catch(async (error: unknown) => {
      await this.#end();
      throw error;
    });
    return this.#starting;
  }

  /** The worker first, and its agents with it; then the server. Leaves no process. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#starting?.catch(() => undefined); // `start` has thrown it to its caller.
    await this.#end();
  }

  /** At once, also while it starts; an agent that is left is taken over at the next start. */
  async kill(): Promise<void> {
    this.#stopping.abort();
    const server = this.#server?.current();
    for (const child of this.#children) child.kill('SIGKILL');
    await Promise.all([...[...this.#children].map(hasEnded), ...(server ? [endProcess(server, 'SIGKILL', KILLED_WITHIN_MS)] : [])]);
  }

  async #start(): Promise<RunningStack> {
    const { dataDir, env = process.env, report, workerLog: write, uiNames: names = [] } = this.#options;
    const script = this.#options.script ?? workerScript();
    await ensureDataDir(dataDir);
    this.#lock = holdDataDir(dataDir, 'up');
    const log = logOf(dataDir, 'worker');
    this.#watched.push(await watchLog(logOf(dataDir, 'temporal'), { report }), await watchLog(log, { report, write }));
    const left = await readRecord(dataDir);
    await this.#endLeftWorkers(left);
    this.#record.up = await identityOf(process.pid);
    const starter = { signal: this.#stopping.signal, spawned: (child: ChildProcess) => this.#know(child) };
    const server = await this.#startServer(left, { dataDir, env, report, ...starter, record: (part) => this.#note({ server: part }) });
    this.#ui = await startUiProxy({ port: server.first.uiPort, ui: () => server.current().ui ?? NO_UI, names });
    const { address, uiUrl } = addressesOf(server.first);
    // How it is stopped says what becomes of its agents: SIGINT ends them, SIGTERM leaves them to the next worker.
    const workerEnv = { ...withoutTemporal(env), ...ownTemporal(dataDir, address), ...markOf('worker', dataDir), CONTINUITY_DATA_DIR: dataDir };
    const workerFailed = await this.#startWorker(address, { script, cwd: this.#options.cwd, env: workerEnv, log, ...starter });
    return { address, uiUrl, ...(workerFailed !== undefined && { workerFailed }) };
  }

  #know(child: ChildProcess): void {
    this.#children.add(child);
    void hasEnded(child).then(() => this.#children.delete(child));
  }

  /** What it worked on goes on in the agent, and the next worker finds it there. */
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
    const kept = keepRunning(first, { name: 'Temporal server', start: () => startServer(first, source), report: this.#options.report });
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
    const ready = await takesWork(first, { address, since, signal: AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(WORKER_READY_WITHIN_MS)]) });
    const exit = first.exitCode();
    if (exit !== undefined && exit >= REFUSED_FROM) return exit;
    this.#worker = keepRunning(first, { name: 'worker', start, report });
    if (!ready && exit === undefined && !this.#stopping.signal.aborted) report(`The worker takes no work after ${WORKER_READY_WITHIN_MS / 1000} s; its log stands above.`);
    return undefined;
  }

  /** A full disk must not end what runs. Without its record the next start finds what is left by its mark. */
  async #note(part: StackRecord): Promise<void> {
    Object.assign(this.#record, part);
    await writeRecord(this.#options.dataDir, this.#record).catch((error: unknown) => {
      this.#options.report(`${error instanceof Error ? error.message : String(error)}. Other commands may not find this stack. Make room, then start continuity up again.`);
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
  return child.exitCode === null && child.signalCode === null && child.pid !== undefined ? endOf(child) : Promise.resolve();
}

/** Settings for another Temporal (a namespace, a key, TLS) are not for this one. */
function withoutTemporal(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

/** A file that is not there keeps the person's own `temporal.toml` from being read. */
function ownTemporal(dataDir: string, address: string): NodeJS.ProcessEnv {
  return { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: 'default', TEMPORAL_CONFIG_FILE: join(dataDir, 'temporal.toml') };
}
