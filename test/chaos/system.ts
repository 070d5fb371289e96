/**
 * Everything that is killed, and started again at once: a Temporal server on its file database, a
 * worker with its agent, clients.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, watch } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { startDevServer } from '../../src/stack/dev-server.js';
import { choosePorts } from '../../src/stack/ports.js';
import { findTemporal } from '../../src/stack/temporal-binary.js';
import { workerScript } from '../../src/stack/worker-script.js';
import { markedIn, programsOf, type ChaosAgent, type Folders } from './agents/agent.js';
import { processesOf } from '../support/processes.js';
import { startScriptedModel, type ScriptedModel } from '../../scripted/model.js';
import { BASH, type Burst, type Victim } from './plan.js';
import type { Weather } from './weather.js';

export interface SystemOptions {
  agent: ChaosAgent;
  seed: number;
  topics: string[];
  clients: number;
  bursts: Burst[];
  weather: Weather;
}

const CLIENT = fileURLToPath(new URL('client.ts', import.meta.url));
/** Small, so that topics roll over all the time. */
const ROLL_OVER_AT = 'limit.historyCount.suggestContinueAsNew=60';

/** Garbage makes histories of more than the 4 MiB that a client reads by default (1.24.0: its own limit lacks the prefix). */
const LARGE_HISTORIES = { 'grpc.max_receive_message_length': 128 * 1024 * 1024 };

export class System {
  readonly #running = new Map<string, number>();
  #over = false;
  #loops: Promise<void>[] = [];
  /** Lets the worker that is stopped come back. */
  #comeBack: (() => void) | undefined;

  private constructor(
    private readonly options: SystemOptions,
    readonly dir: string,
    readonly address: string,
    private readonly env: NodeJS.ProcessEnv,
    readonly model: ScriptedModel,
  ) {}

  static async start(options: SystemOptions): Promise<System> {
    const { path } = await findTemporal({ report: (line) => process.stderr.write(`${line}\n`) });
    const dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-chaos-')));
    await Promise.all(['project', 'data', 'temporal', 'tmp'].map((name) => mkdir(join(dir, name), { mode: 0o700 })));
    await mkdir(join(dir, 'temporal', 'logs'));
    const { agent } = options;
    const { kind } = agent.config;
    await mkdir(join(dir, 'data', 'agents', kind), { recursive: true, mode: 0o700 }); // It is watched from the start.
    const config = join(dir, 'config.json');
    await writeFile(config, JSON.stringify({ project: 'chaos', defaultAgent: kind, agents: { [kind]: agent.config } }));
    const model = await startScriptedModel({ refuses: () => options.weather.refuses() });
    const ports = await choosePorts({ port: 0, uiPort: 0 });
    const address = `127.0.0.1:${ports.port}`;
    const own = {
      HOME: dir,
      TMPDIR: join(dir, 'tmp'),
      CONTINUITY_DATA_DIR: join(dir, 'data'),
      // The user's own choice, so that it may name programs.
      CONTINUITY_CONFIG: config,
      TEMPORAL_ADDRESS: address,
    };
    const env = { ...process.env, ...own, ...(await agent.isolate(dir, model.url)) };
    const system = new System(options, dir, address, env, model);
    const temporal = { ...ports, program: path, dataDir: join(dir, 'temporal'), settings: [ROLL_OVER_AT] };
    const first = await startDevServer(temporal);
    system.#keep('temporal', () => startDevServer(temporal), first);
    system.#keep('worker', () => system.#spawn('worker', [workerScript(), '--log-json']));
    for (let n = 0; n < options.clients; n += 1) {
      // Every third topic has two callers that know nothing of each other.
      const topics = options.topics.filter(
        (_, i) => i % options.clients === n || (i % 3 === 0 && (i + 1) % options.clients === n),
      );
      const args = [
        '--import',
        import.meta.resolve('tsx'),
        CLIENT,
        String(options.seed),
        String(n),
        topics.join(','),
        dir,
        JSON.stringify(options.bursts),
        agent.calls ?? BASH,
      ];
      system.#keep(`client-${n}`, () => system.#spawn(`client-${n}`, args));
    }
    return system;
  }

  /** With SIGKILL. @returns how many processes it hit, of those that were there */
  async kill(victim: Exclude<Victim, 'late worker'>, any: number): Promise<number> {
    const each = await Promise.all((TOGETHER[victim] ?? []).map((one) => this.kill(one, any)));
    if (each.length > 0) return each.reduce((sum, hit) => sum + hit, 0);
    if (victim === 'agent') {
      const programs = programsOf(this.options.agent, this.dir);
      return killed(programs[any % programs.length]) ? 1 : 0;
    }
    if (victim === 'agent and tools') return markedIn(this.dir).filter(killed).length > 0 ? 1 : 0;
    return killed(this.#running.get(victim === 'client' ? `client-${any % this.options.clients}` : victim)) ? 1 : 0;
  }

  /**
   * The worker neither works nor dies for so long, and then goes on as if nothing had been. @returns
   * whether there was one
   */
  stopWorkerFor(ms: number): boolean {
    const pid = this.#running.get('worker');
    if (this.#comeBack || !signalled(pid, 'SIGSTOP')) return false;
    const timer = setTimeout(() => this.#comeBack?.(), ms);
    this.#comeBack = () => {
      clearTimeout(timer);
      this.#comeBack = undefined;
      if (this.#running.get('worker') === pid) signalled(pid, 'SIGCONT');
    };
    return true;
  }

  get folders(): Folders {
    const driver = join(this.dir, 'data', 'agents', this.options.agent.config.kind);
    return { dir: this.dir, driver, project: join(this.dir, 'project') };
  }

  /** Calls back when a prompt is about to be put in. @returns a function that ends it */
  onPut(on: () => void): () => void {
    const { noteOfPut } = this.options.agent;
    if (!noteOfPut) return this.model.listen((moment) => moment === 'asked' && on());
    const watcher = watch(this.folders.driver, { recursive: true }, (_event, file) => {
      if (file !== null && noteOfPut.test(file)) on();
    });
    watcher.on('error', () => undefined); // A folder was removed while it was watched: the next put shows again.
    return () => watcher.close();
  }

  /** With a connection of its own, to be closed: it is there again whenever the server is. */
  client(): Client {
    return new Client({ connection: Connection.lazy({ address: this.address, channelArgs: LARGE_HISTORIES }) });
  }

  /** No new prompts. @returns whether all that were asked are answered within the time */
  async drain(withinMs: number, signal?: AbortSignal): Promise<boolean> {
    this.#comeBack?.();
    await writeFile(join(this.dir, 'stop'), '');
    for (const end = Date.now() + withinMs; Date.now() < end; await sleep(200)) {
      signal?.throwIfAborted();
      if (![...this.#running.keys()].some((name) => name.startsWith('client-'))) return true;
    }
    return false;
  }

  async dispose(keep: boolean): Promise<void> {
    this.#over = true;
    this.#comeBack?.();
    for (const pid of [...this.#running.values(), ...processesOf(this.dir)]) killed(pid);
    await Promise.all(this.#loops);
    for (const pid of processesOf(this.dir)) killed(pid);
    await this.model.close();
    if (!keep) await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Starts it again, whatever ended it; a client that ended well has said all it had to say. */
  #keep(name: string, start: () => Promise<Part> | Part, first?: Part): void {
    const loop = async () => {
      for (let part = first; !this.#over; part = undefined) {
        try {
          part ??= await start();
          this.#running.set(name, part.pid);
          const how = await part.ended;
          if (name.startsWith('client-') && how === 'with exit code 0') return;
        } catch {
          // Killed while it started: the same again.
        } finally {
          this.#running.delete(name);
        }
        await sleep(100);
      }
    };
    this.#loops.push(loop());
  }

  #spawn(name: string, args: string[]): Part {
    const log = openSync(join(this.dir, `${name}.log`), 'a');
    const child: ChildProcess = spawn(process.execPath, args, {
      cwd: join(this.dir, 'project'),
      env: this.env,
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    const ended = once(child, 'exit').then(([code, signal]: unknown[]) =>
      typeof signal === 'string' ? `by ${signal}` : `with exit code ${String(code)}`,
    );
    return { pid: child.pid ?? 0, ended };
  }
}

interface Part {
  pid: number;
  ended: Promise<string>;
}

const TOGETHER: Partial<Record<Victim, readonly Exclude<Victim, 'late worker'>[]>> = {
  'worker and agent': ['worker', 'agent'],
  all: ['worker', 'temporal', 'agent and tools', 'client'],
};

const killed = (pid: number | undefined) => signalled(pid, 'SIGKILL');

function signalled(pid: number | undefined, signal: NodeJS.Signals): boolean {
  try {
    return pid !== undefined && pid !== 0 && process.kill(pid, signal);
  } catch {
    return false; // ESRCH: it is gone already.
  }
}
