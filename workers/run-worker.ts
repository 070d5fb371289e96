/**
 * The life of a worker in a process: its data directory, its connection, its work, and an orderly
 * end.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type { Agent } from '../src/agents/agent.js';
import type { HostAgents } from '../src/agents/kinds.js';
import type { Log } from '../src/activities/context.js';
import type { Config } from '../src/config.js';
import { Failed, failure } from '../src/contract/failures.js';
import { ensureDataDir, holdDataDir, waitForDataDir } from '../src/host/data-dir-lock.js';
import { holdHost } from '../src/host/host-lock.js';
import type { HeldLock } from '../src/host/lock-file.js';
import { buildIdOf, createSessionWorker, loadWorkflows } from './compose.js';
import { newConfigured } from './configured.js';
import { hostIdOf } from '../src/host/host-id.js';
import { lostLock } from './lost-lock.js';
import { pickUp } from './pick-up.js';
import { reportState } from './report-state.js';
import { sayDefaultAgent } from './say-default-agent.js';
import { ensureSearchAttributes } from './search-attributes.js';
import { exitCodeOf, stopSignals, type StopSignals } from './stop-signals.js';
import { unstickTopics } from './unstick.js';
import { warmDefaultAgent } from './warm-agent.js';

/**
 * The time for agents to end after a second signal. The next worker takes over the rest, or ends
 * it.
 */
const AGENTS_END_WITHIN_MS = 5000;

export interface WorkerRun {
  config: Config;
  /**
   * Called once this process holds the data directory. Only its holder may drive the agents'
   * stores.
   */
  createAgents: (config: Config, log: Log) => HostAgents;
  log: Log;
  /** Waits for a data directory that another worker holds, instead of being refused. */
  standby: boolean;
}

/**
 * Runs until a signal (see `stopSignals`). End the process then: only that gives the data directory
 * to the next worker, once nothing here can reach an agent any more.
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
  // The work may end in order while the second signal is handled.
  const inOrder = work(run, signals, agents).then(() => (hurries ? hurried : 0));
  return Promise.race([inOrder, hurried]);
}

async function work(
  { config, createAgents, log, standby }: WorkerRun,
  { first }: StopSignals,
  agents: AgentsOfWorker,
): Promise<void> {
  await ensureDataDir(config.dataDir);
  const begun = await Promise.race([Promise.all([takeOver(config, standby, log), prepare()]), first]);
  if (typeof begun === 'string') return log('worker has stopped, without having worked', { signal: begun });
  const [{ host, locks }, { connection, namespace, address, workflows }] = begun;
  const over = new AbortController();
  const beside: Promise<void>[] = [];
  try {
    const created = createAgents(config, log);
    agents.add(created);
    const agent = sayDefaultAgent(config, log);
    const configured = newConfigured(config, created, log);
    await pickUp({ connection, namespace, dataDir: config.dataDir, configured, log });
    const given = { connection, namespace, config, agents: created, configured, host, workflows, log };
    const worker = await createSessionWorker(given);
    const running = worker.run();
    beside.push(unstickTopics({ connection, namespace, buildId: buildIdOf(workflows), log, signal: over.signal }));
    beside.push(reportState({ connection, namespace, dataDir: config.dataDir, host, agent, log, signal: over.signal }));
    log('worker is ready', { host, address, namespace, data_dir: config.dataDir, pid: process.pid });
    void agent.then((found) => warmDefaultAgent(config, created.get(found?.name ?? ''), log));
    const ended = await Promise.race([first, running.then(() => undefined), lostLock(locks, over.signal)]);
    worker.shutdown();
    await running.finally(() => agents.close());
    if (ended instanceof Failed) throw ended;
    log('worker has stopped', { signal: ended });
  } finally {
    over.abort();
    await Promise.all(beside);
    await connection.close();
  }
}

class AgentsOfWorker {
  readonly #all: HostAgents[] = [];

  constructor(
    /** Whether the agents end with the worker. */
    readonly stop: () => boolean,
    private readonly log: Log,
  ) {}

  add(agents: HostAgents): void {
    this.#all.push(agents);
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((agents) => agents.closeAll((agent) => this.#close(agent))));
  }

  async #close(agent: Agent): Promise<void> {
    try {
      await agent.close({ stop: this.stop() });
    } catch (error) {
      this.log('an agent could not be closed', {
        agent: agent.name,
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }
}

/**
 * Takes the locks that a second worker on this directory, or on a copy of it, must not have.
 *
 * @throws Failed DATA_DIR_LOCKED
 */
async function takeOver({ dataDir }: Config, standby: boolean, log: Log): Promise<{ host: string; locks: HeldLock[] }> {
  let waited = false;
  const standsBy = (pid: string, place: string) => {
    waited = true;
    log(`standing by for ${place}${pid && `, process ${pid}`}`);
  };
  const ofDirectory = standby
    ? await waitForDataDir(dataDir, 'worker', (pid) => standsBy(pid, dataDir))
    : holdDataDir(dataDir, 'worker');
  const host = await hostIdOf(dataDir);
  const ofHost = await holdHost({ host, dataDir }, standby ? ({ pid, place }) => standsBy(pid, place) : undefined);
  if (!ofHost)
    log(
      'the state directory of this user can not be written: a worker on a copy of this data directory would not be noticed',
      { data_dir: dataDir },
    );
  if (waited) log('the worker before has ended: taking over', { data_dir: dataDir });
  return { host, locks: ofHost ? [ofDirectory, ofHost] : [ofDirectory] };
}

/** The SDK's log. One warning is left out: the worker of the turns has no workflows on purpose. */
function sdkLogger(log: Log): DefaultLogger {
  return new DefaultLogger('WARN', ({ level, message, meta }) => {
    if (!message.startsWith('No workflows registered')) log(message, { level, ...causeOf(meta) });
  });
}

/**
 * The part of a start that a standby can do before it takes over. It neither drives an agent nor
 * takes a task.
 */
async function prepare() {
  const connected = await connect();
  const [workflows] = await Promise.all([
    loadWorkflows(),
    ensureSearchAttributes(connected.connection, connected.namespace),
  ]);
  return { ...connected, workflows };
}

async function connect() {
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const address = connectionOptions.address ?? 'localhost:7233';
  try {
    return { connection: await NativeConnection.connect({ ...connectionOptions, address }), namespace, address };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Failed(failure('TEMPORAL_UNAVAILABLE', `Temporal does not answer at ${address}: ${why}`), { cause });
  }
}

function causeOf(meta: unknown): { error?: string } {
  const error = typeof meta === 'object' && meta !== null && 'error' in meta ? meta.error : undefined;
  return error instanceof Error ? { error: error.message } : {};
}
