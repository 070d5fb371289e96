/** A worker as it is run, with one of the agents and the scripted model, on a Temporal server. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { SessionManager } from '../src/client/session-manager.js';
import { loadConfig } from '../src/config.js';
import { workerScript } from '../src/stack/worker-script.js';
import { markedIn, type ChaosAgent } from '../test/chaos/agents/agent.js';
import { processesOf } from '../test/support/processes.js';
import { startScriptedModel, type ModelOptions, type ScriptedModel } from '../scripted/model.js';
import { attemptAt, until } from '../test/support/worker-stage.js';

export interface AgentStage {
  dir: string;
  cwd: string;
  driver: string;
  env: Record<string, string>;
  model: ScriptedModel;
  manager: SessionManager;
  /** Starts a worker and returns at once. */
  startWorker(): ChildProcess;
  /** Returns once the worker takes work. */
  isReady(worker: ChildProcess): Promise<void>;
  attemptAt(topic: string): ReturnType<typeof attemptAt>;
  /** MB of the worker and of the agent, each page that is shared counted in parts. */
  memory(worker: ChildProcess): { worker: number; agent: number };
  dispose(): Promise<void>;
}

export async function startAgentStage(
  agent: ChaosAgent,
  temporal: { address: string; client: Client },
  options: ModelOptions = {},
): Promise<AgentStage> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-bench-')));
  const [cwd, dataDir, file] = [join(dir, 'work'), join(dir, 'continuity'), join(dir, 'config.json')];
  const { kind } = agent.config;
  await mkdir(cwd);
  const model = await startScriptedModel(options);
  await writeFile(file, JSON.stringify({ project: kind, defaultAgent: kind, agents: { [kind]: agent.config } }));
  const env = {
    ...(process.env as Record<string, string>),
    HOME: dir,
    CONTINUITY_DATA_DIR: dataDir,
    CONTINUITY_CONFIG: file,
    TEMPORAL_ADDRESS: temporal.address,
    ...(await agent.isolate(dir, model.url)),
  };
  const manager = await SessionManager.connect({
    address: temporal.address,
    config: await loadConfig({ cwd, dataDir, env }),
    cwd,
  });
  const said = new Map<ChildProcess, string>();
  return {
    ...{ dir, cwd, env, model, manager },
    driver: join(dataDir, 'agents', kind),
    startWorker() {
      const worker = spawn(process.execPath, [workerScript()], { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
      said.set(worker, '');
      worker.stderr.on('data', (chunk: Buffer) => said.set(worker, (said.get(worker) ?? '') + chunk.toString()));
      return worker;
    },
    isReady: (worker) =>
      until(() => {
        if (worker.exitCode !== null) throw new Error(`The worker ended: ${said.get(worker)}`);
        return said.get(worker)?.includes('worker is ready') ?? false;
      }),
    attemptAt: (topic) => attemptAt(temporal.client, topic),
    memory: (worker) => ({
      worker: megabytesOf(worker.pid ?? 0),
      agent: markedIn(dir).reduce((sum, pid) => sum + megabytesOf(pid), 0),
    }),
    async dispose() {
      await manager.disconnect();
      const workers = [...said.keys()].filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
      for (const worker of workers) worker.kill('SIGKILL');
      await Promise.all(workers.map((worker) => once(worker, 'exit')));
      for (const pid of processesOf(dir)) process.kill(pid, 'SIGKILL');
      await until(() => processesOf(dir).length === 0);
      await model.close();
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Proportional set size. Linux only. */
function megabytesOf(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0; // ENOENT, ESRCH: it ended meanwhile.
  }
}
