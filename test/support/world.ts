/**
 * A whole world for a test file: a real Temporal server, a worker with the fake agent, and a
 * client.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { Client, Connection } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Agent } from '../../src/agents/agent.js';
import type { ManagerOptions } from '../../src/client/manager-options.js';
import { SessionManager } from '../../src/client/session-manager.js';
import { newRetries } from '../../src/client/retries.js';
import { loadConfig, type Config } from '../../src/config.js';
import { DYNAMIC_CONFIG } from '../../src/stack/dev-server.js';
import { findTemporal } from '../../src/stack/temporal-binary.js';
import type { SessionWorker } from '../../workers/as-one.js';
import { createSessionWorker, loadWorkflows } from '../../workers/compose.js';
import { ensureSearchAttributes } from '../../workers/search-attributes.js';
import { newFakeAgent, type FakeAgent } from './fake-agent.js';

export interface World {
  address: string;
  dir: string;
  config: Config;
  agent: FakeAgent;
  client: Client;
  manager: SessionManager;
  connect: (options?: Partial<ManagerOptions>) => Promise<SessionManager>;
  /** Starts a worker, or another one after `stopWorker`. */
  startWorker: (overrides?: {
    config?: Partial<Config>;
    host?: string;
    agents?: Map<string, Agent>;
    connection?: NativeConnection;
  }) => Promise<void>;
  stopWorker: () => Promise<void>;
  dispose(): Promise<void>;
}

export interface ServerOptions {
  extraArgs?: string[];
  /** Where the Web UI is to be served; left out, there is none. */
  uiPort?: number;
}

export async function startTemporal({ extraArgs = [], ...ui }: ServerOptions = {}): Promise<TestWorkflowEnvironment> {
  const { path } = await findTemporal({ report: (line) => process.stderr.write(`${line}\n`) });
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      extraArgs: [...DYNAMIC_CONFIG.flatMap((setting) => ['--dynamic-config-value', setting]), ...extraArgs],
      ...ui,
    },
  });
}

/** The fake agent under two names of one kind, and one of another kind. Config knows no kind of its own for it. */
const FAKE_AGENTS: Config['agents'] = {
  fake: { kind: 'opencode' },
  twin: { kind: 'opencode', model: 'fake/twin' },
  other: { kind: 'codex' },
};

/** The config of a directory of its own, with the fake agent as the default. */
export async function fakeConfig(dir: string): Promise<Config> {
  const config = await loadConfig({ cwd: dir, dataDir: join(dir, 'data'), env: { HOME: dir } });
  const review = { description: 'Another agent looks at it.', instructions: 'Review it.', agent: 'other' };
  return { ...config, defaultAgent: 'fake', agents: FAKE_AGENTS, categories: { ...config.categories, review } };
}

/** Of the process, which a second world shares. */
let installed = false;

export async function startWorld({
  worker: withWorker = true,
  ...server
}: ServerOptions & { worker?: boolean } = {}): Promise<World> {
  if (!installed) Runtime.install({ logger: new DefaultLogger('ERROR') });
  installed = true;
  const [env, dir] = await Promise.all([startTemporal(server), mkdtemp(join(tmpdir(), 'continuity-world-'))]);
  const config = await fakeConfig(dir);
  const address = env.address;
  const native = await NativeConnection.connect({ address });
  await ensureSearchAttributes(native, 'default');
  const workflows = await loadWorkflows();
  // A retry of the SDK's own that is due after its connection was closed ends the process.
  const retries = newRetries();
  const connection = await Connection.connect({ address, interceptors: [retries.interceptor] });
  const agent = newFakeAgent(config.dataDir);
  const others = ['twin', 'other'].map((name) => newFakeAgent(config.dataDir, name));
  const managers: SessionManager[] = [];
  let worker: { worker: SessionWorker; running: Promise<void> } | undefined;

  const world: World = {
    address,
    dir,
    config,
    agent,
    client: new Client({ connection }),
    manager: undefined as unknown as SessionManager,
    async connect(given = {}) {
      const manager = await SessionManager.connect({ address, config, cwd: dir, ...given });
      managers.push(manager);
      return manager;
    },
    async startWorker({ config: changed, host = 'host-1', agents, connection = native } = {}) {
      const all = agents ?? new Map<string, Agent>([agent, ...others].map((one) => [one.name, one]));
      const started = await createSessionWorker({
        connection,
        namespace: 'default',
        config: { ...config, ...changed },
        agents: all,
        host,
        workflows,
        log: () => undefined,
      });
      worker = { worker: started, running: started.run() };
    },
    async stopWorker() {
      worker?.worker.shutdown();
      await worker?.running;
      worker = undefined;
    },
    async dispose() {
      await world.stopWorker();
      await Promise.all([agent, ...others].map((one) => one.close({ stop: true })));
      await Promise.all(managers.map((manager) => manager.disconnect()));
      await retries.end();
      await connection.close();
      await native.close();
      await env.teardown();
      await rm(dir, { recursive: true, force: true });
    },
  };
  world.manager = await world.connect();
  if (withWorker) await world.startWorker();
  return world;
}
