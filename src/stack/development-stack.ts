/** The development stack: Temporal's server on a file database, its Web UI, and a worker. */
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDataDir, holdDataDir } from './data-dir.js';
import type { DevServer } from './dev-server.js';
import { keepRunning, type Kept } from './keep-running.js';
import { followLog, logOf, openLog } from './logs.js';
import type { WantedPorts } from './ports.js';
import { endProcess, identityOf, isAlive } from '../host/process-identity.js';
import { bringUpServer, endServer, startServer, type ServerSource } from './server-part.js';
import { addressesOf, readRecord, removeRecord, writeRecord, type StackRecord } from './stack-record.js';
import { startWorker, takesWork, type WorkerProcess } from './worker-process.js';
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
}

export interface RunningStack {
  address: string;
  uiUrl: string;
  /** Exit code of a worker that cannot work at all, such as for a broken config; it has said why. */
  workerFailed?: number;
}

const WORKER_READY_WITHIN_MS = 60_000;
const WORKER_STOPS_WITHIN_MS = 30_000;
/** From the failure table: whatever is refused at start is refused again. 1 is a defect, which may pass. */
const REFUSED_FROM = 2;

export class DevelopmentStack {
  readonly #options: StackOptions;
  readonly #stopping = new AbortController();
  readonly #record: StackRecord = {};
  #starting: Promise<RunningStack> | undefined;
  #lock: { release(): void } | undefined;
  #server: Kept<DevServer> | undefined;
  #worker: Kept<WorkerProcess> | undefined;
  #following: { stop(): Promise<void> } | undefined;

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
    await this.#starting?.catch(() => undefined); // Whoever started it has been told.
    await this.#end();
  }

  /** At once, for those who can't wait; an agent that is left is taken over at the next start. */
  async kill(): Promise<void> {
    this.#stopping.abort();
    const parts = [this.#worker?.current(), this.#server?.current()].filter((part) => part !== undefined);
    await Promise.all(parts.map((part) => endProcess(part, 'SIGKILL', 5000)));
  }

  async #start(): Promise<RunningStack> {
    const { dataDir, env = process.env, report } = this.#options;
    const script = this.#options.script ?? workerScript();
    await ensureDataDir(dataDir);
    this.#lock = holdDataDir(dataDir, 'up');
    const left = await this.#endLeftWorker();
    this.#record.up = await identityOf(process.pid);
    const source = { dataDir, env, report, signal: this.#stopping.signal };
    const server = await this.#startServer(left, source);
    const { address, uiUrl } = addressesOf(server);
    // How it is stopped says what becomes of its agents: SIGINT ends them, SIGTERM leaves them to the next worker.
    const workerEnv = { ...withoutTemporal(env), ...ownTemporal(dataDir, address), CONTINUITY_DATA_DIR: dataDir };
    const log = logOf(dataDir, 'worker');
    closeSync(openLog(log));
    this.#following = await followLog(log, this.#options.workerLog);
    const workerFailed = await this.#startWorker(address, () => startWorker({ script, cwd: this.#options.cwd, env: workerEnv, log }));
    return { address, uiUrl, ...(workerFailed !== undefined && { workerFailed }) };
  }

  /** What it worked on goes on in the agent, and the next worker finds it there. */
  async #endLeftWorker(): Promise<StackRecord> {
    const left = await readRecord(this.#options.dataDir);
    if (left.worker && (await isAlive(left.worker))) {
      this.#options.report(`Ending the worker that an earlier continuity up left (process ${left.worker.pid}).`);
      await endProcess(left.worker, 'SIGTERM', WORKER_STOPS_WITHIN_MS);
    }
    return left;
  }

  async #startServer(left: StackRecord, source: ServerSource): Promise<DevServer> {
    const first = await bringUpServer(left.server, this.#options, source);
    const started = ({ pid, started, port, uiPort }: DevServer) => this.#note({ server: { pid, started, port, uiPort } });
    this.#server = keepRunning(first, { name: 'Temporal server', start: () => startServer(first, source), started, report: this.#options.report });
    await started(first);
    return first;
  }

  async #startWorker(address: string, start: () => Promise<WorkerProcess>): Promise<number | undefined> {
    if (this.#stopping.signal.aborted) return undefined;
    const { report } = this.#options;
    const since = Date.now();
    const first = await start();
    const started = ({ pid, started }: WorkerProcess) => this.#note({ worker: { pid, started } });
    await started(first);
    const ready = await takesWork(first, { address, since, signal: AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(WORKER_READY_WITHIN_MS)]) });
    const exit = first.exitCode();
    if (exit !== undefined && exit >= REFUSED_FROM) return exit;
    this.#worker = keepRunning(first, { name: 'worker', start, started, report });
    if (!ready && exit === undefined && !this.#stopping.signal.aborted) report(`The worker takes no work after ${WORKER_READY_WITHIN_MS / 1000} s; its log stands above.`);
    return undefined;
  }

  async #note(part: StackRecord): Promise<void> {
    await writeRecord(this.#options.dataDir, Object.assign(this.#record, part));
  }

  async #end(): Promise<void> {
    await this.#worker?.release();
    if (this.#worker) await endProcess(this.#worker.current(), 'SIGINT', WORKER_STOPS_WITHIN_MS);
    await this.#following?.stop();
    await this.#server?.release();
    if (this.#server) await endServer(this.#server.current());
    if (this.#lock) await removeRecord(this.#options.dataDir);
    this.#lock?.release();
    this.#worker = this.#server = this.#lock = this.#following = undefined;
  }
}

/** Settings for another Temporal (a namespace, a key, TLS) are not for this one. */
function withoutTemporal(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

/** A file that is not there keeps the person's own `temporal.toml` from being read. */
function ownTemporal(dataDir: string, address: string): NodeJS.ProcessEnv {
  return { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: 'default', TEMPORAL_CONFIG_FILE: join(dataDir, 'temporal.toml') };
}
