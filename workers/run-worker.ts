/** A worker's life in a process: data directory, connection, work, and a clean end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type { Agent } from '../src/agents/agent.js';
import type { Log } from '../src/activities/index.js';
import type { Config } from '../src/config.js';
import { failure } from '../src/contract/failures.js';
import { ensureDataDir, holdDataDir, waitForDataDir, type HeldDataDir } from '../src/stack/data-dir.js';
import { buildIdOf, createSessionWorker, loadWorkflows } from './compose.js';
import { WorkerError } from './failure-of.js';
import { hostIdOf } from '../src/host/host-id.js';
import { pickUp } from './pick-up.js';
import { reportState } from './report-state.js';
import { ensureSearchAttributes } from './search-attributes.js';
import { exitCodeOf, stopSignals, type StopSignals } from './stop-signals.js';
import { unstickTopics } from './unstick.js';
import { warmDefaultAgent } from './warm-agent.js';

/** After a second signal. What is left then is taken over, or ended, by the next worker. */
const AGENTS_END_WITHIN_MS = 5000;

export interface WorkerRun {
  config: Config;
  /** Called once this process holds the data directory: whoever does may drive the agents' stores. */
  createAgents: (config: Config, log: Log) => ReadonlyMap<string, Agent>;
  log: Log;
  /** Waits for a data directory that another worker holds, instead of being refused. */
  standby: boolean;
}

/**
 * Runs until a signal (see `stopSignals`). The process must be ended after it: that alone gives the data directory to the next worker, once
 * nothing here can reach an agent any more.
 *
 * @returns the exit code
 */
export async function runWorker(run: WorkerRun): Promise<number> {
  const signals = stopSignals(run.log);
  Runtime.install({ shutdownSignals: [], logger: sdkLogger(run.log) });
  const agents = new AgentsOfWorker(() => signals.endsAgents() || process.env.CONTINUITY_STOP_AGENTS === '1', run.log);
  let hurries = false;
  const hurried = signals.second.then(async (signal) => {
    hurries = true;
    if (agents.stop()) await Promise.race([agents.close(), sleep(AGENTS_END_WITHIN_MS)]);
    return exitCodeOf(signal);
  });
  // It may end in order while the second signal is dealt with.
  const inOrder = work(run, signals, agents).then(() => (hurries ? hurried : 0));
  return Promise.race([inOrder, hurried]);
}

async function work({ config, createAgents, log, standby }: WorkerRun, { first }: StopSignals, agents: AgentsOfWorker): Promise<void> {
  await ensureDataDir(config.dataDir);
  const taken = standby ? standBy(config, log) : Promise.resolve(holdDataDir(config.dataDir, 'worker'));
  const begun = await Promise.race([Promise.all([taken, prepare()]), first]);
  if (typeof begun === 'string') return log('worker has stopped, without having worked', { signal: begun });
  const [, { connection, namespace, address, workflows }] = begun;
  const over = new AbortController();
  const beside: Promise<void>[] = [];
  try {
    const host = await hostIdOf(config.dataDir);
    const created = createAgents(config, log);
    agents.add(created);
    await pickUp({ connection, namespace, dataDir: config.dataDir, agents: created, log });
    const worker = await createSessionWorker({ connection, namespace, config, agents: created, host, workflows, log });
    const running = worker.run();
    beside.push(unstickTopics({ connection, namespace, buildId: buildIdOf(workflows), log, signal: over.signal }));
    beside.push(reportState({ connection, namespace, dataDir: config.dataDir, host, log, signal: over.signal }));
    log('worker is ready', { host, address, namespace, data_dir: config.dataDir, pid: process.pid });
    void warmDefaultAgent(config, created, log);
    const signal = await Promise.race([first, running.then(() => undefined)]);
    worker.shutdown();
    await running.finally(() => agents.close());
    log('worker has stopped', { signal });
  } finally {
    over.abort();
    await Promise.all(beside);
    await connection.close();
  }
}

class AgentsOfWorker {
  readonly #agents: Agent[] = [];

  constructor(
    /** Whether the agents end with the worker. */
    readonly stop: () => boolean,
    private readonly log: Log,
  ) {}

  add(agents: ReadonlyMap<string, Agent>): void {
    this.#agents.push(...agents.values());
  }

  async close(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => this.#close(agent)));
  }

  async #close(agent: Agent): Promise<void> {
    try {
      await agent.close({ stop: this.stop() });
    } catch (error) {
      this.log('an agent could not be closed', { agent: agent.name, error: error instanceof Error ? error.message : String(error) });
    }
  }
}

async function standBy({ dataDir }: Config, log: Log): Promise<HeldDataDir> {
  let waited = false;
  const lock = await waitForDataDir(dataDir, 'worker', (owner) => {
    waited = true;
    log(`standing by for ${dataDir}${owner && `, process ${owner}`}`);
  });
  if (waited) log('the worker before has ended: taking over', { data_dir: dataDir });
  return lock;
}

/** What the SDK has to say. The worker of the turns has no workflows on purpose, and that is not worth a warning at each start. */
function sdkLogger(log: Log): DefaultLogger {
  return new DefaultLogger('WARN', ({ level, message, meta }) => {
    if (!message.startsWith('No workflows registered')) log(message, { level, ...causeOf(meta) });
  });
}

/** What a standby can do before it takes over: nothing of it drives an agent or takes a task. */
async function prepare() {
  const connected = await connect();
  const [workflows] = await Promise.all([loadWorkflows(), ensureSearchAttributes(connected.connection, connected.namespace)]);
  return { ...connected, workflows };
}

async function connect() {
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const address = connectionOptions.address ?? 'localhost:7233';
  try {
    return { connection: await NativeConnection.connect({ ...connectionOptions, address }), namespace, address };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WorkerError(failure('TEMPORAL_UNAVAILABLE', `Temporal does not answer at ${address}: ${why}`), { cause });
  }
}

function causeOf(meta: unknown): { error?: string } {
  const error = typeof meta === 'object' && meta !== null && 'error' in meta ? meta.error : undefined;
  return error instanceof Error ? { error: error.message } : {};
}
