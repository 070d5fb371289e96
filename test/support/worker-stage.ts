/**
 * Workers as they are run in production: processes of their own on one data directory, with a real
 * Temporal server, the real OpenCode and the scripted model.
 */
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type { Client } from '@temporalio/client';
import { execa } from 'execa';
import { quoted } from '../../src/cli/terminal/words.js';
import { SessionManager } from '../../src/client/session-manager.js';
import { loadConfig } from '../../src/config.js';
import { openCodeUnderTest, type OpenCodeUnderTest } from '../agents/opencode-under-test.js';
import { continuityIn, CONTINUITY, type Continuity } from '../integration/cli-command.js';
import { createSessionWorker, loadWorkflows } from '../../workers/compose.js';
import { processesOf } from './processes.js';
import { startTemporal } from './world.js';

export interface WorkerStage {
  opencode: OpenCodeUnderTest;
  /** Of everything that is started here. */
  env: Record<string, string>;
  manager: SessionManager;
  /** Any command, in the project's directory. */
  continuity: Continuity;
  /** `continuity worker`, as it is run; returns at once. */
  worker(...flags: string[]): StagedWorker;
  /** `continuity worker` with a redirection of the shell's. */
  workerInShell(flags: string[], redirection: string): ReturnType<Continuity>;
  /** The process that holds the data directory, or held it last. */
  holder(): number;
  /**
   * Hands the topic a prompt whose tool works until it is let go, and returns once the tool does.
   */
  atWork(topic: string): Promise<WorkingTurn>;
  attemptAt(topic: string): ReturnType<typeof attemptAt>;
  /** As an operator does in the Web UI. */
  terminate(topic: string): Promise<unknown>;
  pause(topic: string): Promise<unknown>;
  unpause(topic: string): Promise<unknown>;
  /** A worker that takes the topics and is no host of their sessions. */
  topicsElsewhere(): Promise<{ stop(): Promise<void> }>;
  dispose(): Promise<void>;
}

export interface StagedWorker {
  process: ReturnType<Continuity>;
  said: () => string;
}

export interface WorkingTurn {
  prompt: string;
  result: ReturnType<SessionManager['delegate']>;
  letGo(): Promise<void>;
}

/** temporal.api.enums.v1.PendingActivityState */
const STARTED = 2;

const PAUSES = ['--dynamic-config-value', 'frontend.WorkflowPauseEnabled=true'];

export async function startWorkerStage(): Promise<WorkerStage> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const [temporal, opencode] = await Promise.all([startTemporal({ extraArgs: PAUSES }), openCodeUnderTest()]);
  const { cwd, dataDir, dir } = opencode;
  await writeFile(join(cwd, 'continuity.config.json'), JSON.stringify({ project: 'stage', defaultAgent: 'opencode' }));
  const env = {
    ...opencode.env,
    CONTINUITY_DATA_DIR: dataDir,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_CONFIG_FILE: join(dir, 'none.toml'),
  };
  const continuity = continuityIn({ cwd, env });
  const manager = await SessionManager.connect({
    address: temporal.address,
    config: await loadConfig({ cwd, dataDir, env: { HOME: dir } }),
    cwd,
  });

  return {
    opencode,
    env: { PATH: process.env.PATH ?? '', HOME: cwd, ...env },
    manager,
    continuity,
    worker(...flags) {
      const process = continuity(['worker', ...flags]);
      let said = '';
      process.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      return { process, said: () => said };
    },
    workerInShell: (flags, redirection) => {
      const line = `exec ${[process.execPath, CONTINUITY, 'worker', ...flags].map(quoted).join(' ')} ${redirection}`;
      return execa('bash', ['-c', line], {
        cwd,
        env: { PATH: process.env.PATH ?? '', HOME: cwd, ...env },
        extendEnv: false,
        reject: false,
        input: '',
      }) as ReturnType<Continuity>;
    },
    holder: () => Number(readFileSync(join(dataDir, 'worker.lock'), 'utf8')),
    async atWork(topic) {
      const prompt = `Work on ${topic} [[bash: touch ${topic}.begun; until test -e ${topic}.go; do sleep 0.05; done]]`;
      const result = manager.delegate(topic, prompt);
      result.catch(() => undefined); // It is awaited at the end of a test.
      await until(() => existsSync(join(cwd, `${topic}.begun`)));
      return { prompt, result, letGo: () => writeFile(join(cwd, `${topic}.go`), '') };
    },
    attemptAt: (topic) => attemptAt(temporal.client, topic),
    terminate: (topic) => temporal.client.workflow.getHandle(`topic/${topic}`).terminate('A person in the Web UI.'),
    pause: (topic) =>
      temporal.client.workflowService.pauseWorkflowExecution({
        ...{ namespace: 'default', workflowId: `topic/${topic}`, identity: 'a person', reason: 'a person' },
      }),
    unpause: (topic) =>
      temporal.client.workflowService.unpauseWorkflowExecution({
        ...{ namespace: 'default', workflowId: `topic/${topic}`, identity: 'a person', reason: 'a person' },
      }),
    async topicsElsewhere() {
      const connection = await NativeConnection.connect({ address: temporal.address });
      const config = await loadConfig({ cwd, dataDir: join(dir, 'elsewhere'), env: { HOME: dir } });
      const workflows = await loadWorkflows();
      const worker = await createSessionWorker({
        connection,
        namespace: 'default',
        config,
        agents: new Map(),
        host: 'elsewhere',
        workflows,
        log: () => undefined,
      });
      const running = worker.run();
      return {
        async stop() {
          worker.shutdown();
          await running;
          await connection.close();
        },
      };
    },
    async dispose() {
      await manager.disconnect();
      for (const pid of processesOf(dir)) process.kill(pid, 'SIGKILL');
      await until(() => processesOf(dir).length === 0);
      await opencode.dispose();
      await temporal.teardown();
    },
  };
}

/** Also for what runs outside of a test runner. */
export async function until(reached: () => Promise<boolean> | boolean, withinMs = 60_000): Promise<void> {
  for (const end = Date.now() + withinMs; !(await reached()); await sleep(20)) {
    if (Date.now() > end) throw new Error(`This did not come about within ${withinMs / 1000} s: ${String(reached)}`);
  }
}

/**
 * The attempt that a worker is at, or that waits for one, and for how long it had to wait after the
 * one before; nothing while there is no turn.
 */
export async function attemptAt(client: Client, topic: string) {
  const { raw } = await client.workflow.getHandle(`topic/${topic}`).describe();
  const turn = raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'runTurn');
  return (
    turn && {
      attempt: turn.attempt ?? 1,
      started: Number(turn.state) === STARTED,
      /** Of the attempt before: `WORKER_DIED` from a pick-up, nothing from a missed heartbeat. */
      lastFailure: turn.lastFailure?.applicationFailureInfo?.type,
      waitedMs: msOf(turn.scheduledTime) - msOf(turn.lastAttemptCompleteTime),
    }
  );
}

function msOf(time: { seconds?: unknown; nanos?: number | null } | null | undefined): number {
  return time ? Number(time.seconds ?? 0) * 1000 + (time.nanos ?? 0) / 1e6 : NaN;
}
