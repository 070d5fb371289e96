/** A worker's life in a process: data directory, connection, work, and a clean end. */
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type { Agent } from '../src/agents/agent.js';
import type { Log } from '../src/activities/index.js';
import type { Config } from '../src/config.js';
import { failure } from '../src/contract/failures.js';
import { ensureDataDir, holdDataDir, waitForDataDir, type HeldDataDir } from '../src/stack/data-dir.js';
import { buildIdOf, createSessionWorker, loadWorkflows } from './compose.js';
import { WorkerError } from './failure-of.js';
import { hostIdOf } from './host-id.js';
import { pickUp } from './pick-up.js';
import { ensureSearchAttributes } from './search-attributes.js';
import { unstickTopics } from './unstick.js';
import { warmDefaultAgent } from './warm-agent.js';

export interface WorkerRun {
  config: Config;
  /** Called once this process holds the data directory: whoever does may drive the agents' stores. */
  createAgents: (config: Config, log: Log) => ReadonlyMap<string, Agent>;
  log: Log;
  /** Waits for a data directory that another worker holds, instead of being refused. */
  standby: boolean;
}

/**
 * Runs until SIGINT or SIGTERM. SIGINT comes from a person and ends the agents too; SIGTERM is a deploy and leaves them at work.
 * The process must be ended after it: that alone gives the data directory to the next worker, once nothing here can reach an agent any more.
 */
export async function runWorker({ config, createAgents, log, standby }: WorkerRun): Promise<void> {
  const signalled = onSignal(log);
  Runtime.install({ shutdownSignals: [], logger: sdkLogger(log) });
  await ensureDataDir(config.dataDir);
  const taken = standby ? standBy(config, log) : Promise.resolve(holdDataDir(config.dataDir, 'worker'));
  const [lock, { connection, namespace, address, workflows }] = await Promise.all([Promise.race([taken, signalled.then(() => undefined)]), prepare()]);
  const over = new AbortController();
  let unsticking: Promise<void> | undefined;
  try {
    if (!lock) return log('worker has stopped, without having taken over');
    const host = await hostIdOf(config.dataDir);
    const agents = createAgents(config, log);
    await pickUp({ connection, namespace, dataDir: config.dataDir, agents, log });
    const worker = await createSessionWorker({ connection, namespace, config, agents, host, workflows, log });
    const running = worker.run();
    unsticking = unstickTopics({ connection, namespace, buildId: buildIdOf(workflows), log, signal: over.signal });
    log('worker is ready', { host, address, namespace, data_dir: config.dataDir, pid: process.pid });
    void warmDefaultAgent(config, agents, log);
    const signal = await Promise.race([signalled, running.then(() => undefined)]);
    worker.shutdown();
    await running.finally(() => closeAgents(agents, signal === 'SIGINT' || process.env.CONTINUITY_STOP_AGENTS === '1'));
    log('worker has stopped', { signal });
  } finally {
    over.abort();
    await unsticking;
    await connection.close();
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

/** The first signal stops the worker; another one ends the process at once, as the kernel would. */
function onSignal(log: Log): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.once(name, () => {
        log('worker is stopping', { signal: name });
        resolve(name);
      });
    }
  });
}

async function closeAgents(agents: ReadonlyMap<string, Agent>, stop: boolean): Promise<void> {
  await Promise.allSettled([...agents.values()].map((agent) => agent.close({ stop })));
}

function causeOf(meta: unknown): { error?: string } {
  const error = typeof meta === 'object' && meta !== null && 'error' in meta ? meta.error : undefined;
  return error instanceof Error ? { error: error.message } : {};
}
