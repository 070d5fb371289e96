/** Builds two Temporal workers from the config, the agents, the activities and the workflows. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  Runtime,
  Worker,
  type NativeConnection,
  type WorkerOptions,
  type WorkflowBundle,
} from '@temporalio/worker';
import type { Configured, Log } from '../src/activities/context.js';
import { createActivities } from '../src/activities/index.js';
import type { Agent } from '../src/agents/agent.js';
import { MOST_TURNS_PER_HOST, type Config } from '../src/config.js';
import { isCheckProof } from '../src/host/check-proof.js';
import { defined } from '../src/contract/defined.js';
import { dataConverter } from '../src/contract/client-options.js';
import { CONTINUITY, hostQueueOf } from '../src/contract/messages.js';
import { Semaphore } from '../src/semaphore.js';
import { asOne, type SessionWorker } from './as-one.js';
import { decidedBy } from './configured.js';
import { stateOfHistory } from './state-of-history.js';
import { recordsRunning } from './running-activities.js';

export interface Composition {
  connection: NativeConnection;
  namespace: string;
  config: Config;
  agents: ReadonlyMap<string, Agent>;
  /** Absent: the config counts in all directories. */
  configured?: Configured;
  host: string;
  workflows: WorkflowBundle;
  log: Log;
}

/** Bounds how late a user's cancel reaches a turn, and how old a watcher's picture can be. */
const HEARTBEATS_THROTTLED_TO = '500 milliseconds';

/**
 * How long the server waits for the worker that has a topic in its cache, which may have died,
 * before it asks any worker.
 */
const STICKY_FOR = '1 second';

/**
 * Temporal's own bound is far above `limits.turnsPerHost`. A turn that waits for a slot holds a
 * task and reports that it waits. The bound leaves room for activities that must not wait, such as
 * `answer` and `stopTurn`.
 */
const TASKS_OF_A_HOST = 2 * MOST_TURNS_PER_HOST;

/**
 * Creates one worker for the topics and for opening sessions, and one for the sessions on this
 * host's disk: their turns, and the sessions that replace lost ones.
 */
export async function createSessionWorker({
  connection,
  namespace,
  config,
  agents,
  configured,
  host,
  workflows,
  log,
}: Composition): Promise<SessionWorker> {
  const { openSession, adoptSession, findOrigin, recall, ...onThisHost } = createActivities({
    ...decidedBy(config),
    agents,
    ...defined({ configured }),
    host,
    log,
    isCheckProof: (asked, proof) => isCheckProof(config.dataDir, asked, proof),
    stateOfHistory: stateOfHistory(workflows),
    turnSlots: new Semaphore(config.limits.turnsPerHost),
  });
  const common: Omit<WorkerOptions, 'taskQueue'> = {
    connection,
    namespace,
    identity: `${process.pid}@${host}`,
    buildId: buildIdOf(workflows),
    // For the client that activities use. The topics' converter is in their bundle.
    dataConverter,
    maxHeartbeatThrottleInterval: HEARTBEATS_THROTTLED_TO,
    defaultHeartbeatThrottleInterval: HEARTBEATS_THROTTLED_TO,
    stickyQueueScheduleToStartTimeout: STICKY_FOR,
    interceptors: { activity: [recordsRunning(config.dataDir, log)] },
    shutdownGraceTime: 0,
    // A turn that does not let go in time is left behind. The lock ends with this process, and the
    // next attempt finds out how far the turn came.
    shutdownForceTime: '15 seconds',
  };
  const topics = await Worker.create({
    ...common,
    workflowBundle: workflows,
    taskQueue: CONTINUITY,
    // Opening a session only uses the CPU. Many at once would delay the first turns. Another host
    // can take the rest of the queue.
    maxConcurrentActivityTaskExecutions: Math.max(2, availableParallelism()),
    // `notify` of a prompt that has no session, and so no host.
    activities: { openSession, adoptSession, findOrigin, recall, notify: onThisHost.notify },
  });
  const turns = await Worker.create({
    ...common,
    taskQueue: hostQueueOf(host),
    maxConcurrentActivityTaskExecutions: TASKS_OF_A_HOST,
    activities: { openSession, adoptSession, ...onThisHost },
  });
  return asOne([topics, turns]);
}

/**
 * Names the code of the topics. It is recorded in the history of each workflow task, and in the
 * server's list of pollers.
 */
export function buildIdOf({ code }: WorkflowBundle): string {
  return `session-continuity+${createHash('sha256').update(code).digest('hex')}`;
}

/**
 * The bundle from the build. In a checkout without one, bundles the sources, which takes a second
 * or two.
 */
export async function loadWorkflows(): Promise<WorkflowBundle> {
  const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
  const built = path('../workflow-bundle.js');
  if (existsSync(built)) return { code: await readFile(built, 'utf8') };
  return bundleWorkflowCode({
    workflowsPath: path('../src/workflows/index.ts'),
    payloadConverterPath: path('../src/contract/payload-converter.ts'),
    logger: Runtime.instance().logger,
  });
}
