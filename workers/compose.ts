/** Where everything meets: config, agents, activities and workflows become two Temporal workers. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, Runtime, Worker, type NativeConnection, type WorkerOptions, type WorkflowBundle } from '@temporalio/worker';
import { createActivities, type Log } from '../src/activities/index.js';
import type { Agent } from '../src/agents/agent.js';
import { newTurnSlots } from '../src/activities/turn-slots.js';
import { isCheckProof, MOST_TURNS_PER_HOST, projectOf, type Config } from '../src/config.js';
import { CONTINUITY, hostQueueOf } from '../src/contract/messages.js';
import { recordsRunning } from './running-activities.js';

export interface Composition {
  connection: NativeConnection;
  namespace: string;
  config: Config;
  agents: ReadonlyMap<string, Agent>;
  host: string;
  workflows: WorkflowBundle;
  log: Log;
}

export interface SessionWorker {
  /** Resolves when it was shut down; rejects when it broke. */
  run(): Promise<void>;
  /** Detaches from running turns: whoever comes next goes on with them. */
  shutdown(): void;
}

/** How soon a user's cancel reaches a turn, and how old a watcher's picture can be. */
const HEARTBEATS_THROTTLED_TO = '500 milliseconds';

/** So long the server waits for the worker that has a topic in its cache, before it asks any: the worker may have died. */
const STICKY_FOR = '1 second';

/**
 * Temporal's own bound, far above `limits.turnsPerHost`: a turn that waits for its turn holds a task, says so, and leaves
 * room for what must not wait, such as `answer` and `stopTurn`.
 */
const TASKS_OF_A_HOST = 2 * MOST_TURNS_PER_HOST;

/** One worker for the topics and for opening sessions, one for the sessions on this host's disk: their turns, and what takes their place. */
export async function createSessionWorker({ connection, namespace, config, agents, host, workflows, log }: Composition): Promise<SessionWorker> {
  const { openSession, recall, ...onThisHost } = createActivities({
    config,
    agents,
    host,
    log,
    projectOf: (cwd) => projectOf(cwd, config),
    isCheckProof: (asked, proof) => isCheckProof(config.dataDir, asked, proof),
    turnSlots: newTurnSlots(config.limits.turnsPerHost),
  });
  const common: Omit<WorkerOptions, 'taskQueue'> = {
    connection,
    namespace,
    identity: `${process.pid}@${host}`,
    buildId: buildIdOf(workflows),
    maxHeartbeatThrottleInterval: HEARTBEATS_THROTTLED_TO,
    defaultHeartbeatThrottleInterval: HEARTBEATS_THROTTLED_TO,
    stickyQueueScheduleToStartTimeout: STICKY_FOR,
    interceptors: { activity: [recordsRunning(config.dataDir, log)] },
    shutdownGraceTime: 0,
    // A turn that does not let go in time is left behind: the lock dies with this process, and the next attempt reconciles.
    shutdownForceTime: '15 seconds',
  };
  const topics = await Worker.create({
    ...common,
    workflowBundle: workflows,
    taskQueue: CONTINUITY,
    // Forty sessions that open at once keep the first turns waiting. What is left in the queue another host can take.
    maxConcurrentActivityTaskExecutions: config.limits.turnsPerHost,
    activities: { openSession, recall },
  });
  const turns = await Worker.create({ ...common, taskQueue: hostQueueOf(host), maxConcurrentActivityTaskExecutions: TASKS_OF_A_HOST, activities: { openSession, ...onThisHost } });
  const workers = [topics, turns];
  const shutdown = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  return {
    shutdown,
    run: async () => {
      const runs = workers.map((worker) => worker.run());
      try {
        await Promise.all(runs);
      } catch (error) {
        shutdown();
        await Promise.allSettled(runs);
        throw error;
      }
    },
  };
}

/** Names the code of the topics. It stands in the history of each workflow task, and in the list of who takes tasks. */
export function buildIdOf({ code }: WorkflowBundle): string {
  return `session-continuity+${createHash('sha256').update(code).digest('hex')}`;
}

/** The bundle that the build made, or one of the sources of a checkout, which takes a second or two. */
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
