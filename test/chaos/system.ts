/** Everything that is killed, and started again at once: a Temporal server on its file database, a worker with its OpenCode, clients. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { AGENT_MARKER } from '../../src/host/process-tree.js';
import { startDevServer } from '../../src/stack/dev-server.js';
import { choosePorts } from '../../src/stack/ports.js';
import { findTemporal } from '../../src/stack/temporal-binary.js';
import { workerScript } from '../../src/stack/worker-script.js';
import { isolatedOpenCode } from '../support/isolated-opencode.js';
import { processesOf } from '../support/processes.js';
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.js';
import type { Burst, Victim } from './plan.js';

export interface SystemOptions {
  seed: number;
  topics: string[];
  clients: number;
  bursts: Burst[];
}

const CLIENT = fileURLToPath(new URL('client.ts', import.meta.url));
/** Small, so that topics roll over all the time. */
const ROLL_OVER_AT = 'limit.historyCount.suggestContinueAsNew=60';

export class System {
  readonly #running = new Map<string, number>();
  #over = false;
  #loops: Promise<void>[] = [];

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
    await writeFile(join(dir, 'project', 'continuity.config.json'), JSON.stringify({ project: 'chaos', defaultAgent: 'opencode' }));
    const model = await startScriptedModel();
    const ports = await choosePorts({ port: 0, uiPort: 0 });
    const address = `127.0.0.1:${ports.port}`;
    const own = { HOME: dir, TMPDIR: join(dir, 'tmp'), CONTINUITY_DATA_DIR: join(dir, 'data'), TEMPORAL_ADDRESS: address };
    const env = { ...process.env, ...own, ...(await isolatedOpenCode(dir, model.url)) };
    const system = new System(options, dir, address, env, model);
    const temporal = { ...ports, program: path, dataDir: join(dir, 'temporal'), settings: [ROLL_OVER_AT] };
    const first = await startDevServer(temporal);
    system.#keep('temporal', () => startDevServer(temporal), first);
    system.#keep('worker', () => system.#spawn('worker', [workerScript(), '--log-json']));
    for (let n = 0; n < options.clients; n += 1) {
      // Every third topic has two callers that know nothing of each other.
      const topics = options.topics.filter((_, i) => i % options.clients === n || (i % 3 === 0 && (i + 1) % options.clients === n));
      const args = ['--import', import.meta.resolve('tsx'), CLIENT, String(options.seed), String(n), topics.join(','), dir, JSON.stringify(options.bursts)];
      system.#keep(`client-${n}`, () => system.#spawn(`client-${n}`, args));
    }
    return system;
  }

  /** With SIGKILL. @returns how many processes it hit, of those that were there */
  async kill(victim: Victim, anyClient: number): Promise<number> {
    if (victim === 'all') {
      const each = await Promise.all((['worker', 'temporal', 'server and tools', 'client'] as const).map((one) => this.kill(one, anyClient)));
      return each.reduce((sum, hit) => sum + hit, 0);
    }
    if (victim === 'server' || victim === 'server and tools') {
      const pids = victim === 'server' ? [await this.serverPid()] : processesOf(`${AGENT_MARKER}=`).filter((pid) => processesOf(this.dir).includes(pid));
      return pids.filter(killed).length > 0 ? 1 : 0;
    }
    return killed(this.#running.get(victim === 'client' ? `client-${anyClient % this.options.clients}` : victim)) ? 1 : 0;
  }

  /** With a connection of its own, to be closed: it is there again whenever the server is. */
  client(): Client {
    return new Client({ connection: Connection.lazy({ address: this.address }) });
  }

  async serverPid(): Promise<number | undefined> {
    return (await this.server())?.pid;
  }

  async server(): Promise<{ pid: number; port: number; password: string } | undefined> {
    const record = await readFile(join(this.dir, 'data', 'agents', 'opencode', 'server.json'), 'utf8').catch(() => undefined); // Not there yet.
    return record === undefined ? undefined : (JSON.parse(record) as { pid: number; port: number; password: string });
  }

  /** No new prompts. @returns whether all that were asked are answered within the time */
  async drain(withinMs: number): Promise<boolean> {
    await writeFile(join(this.dir, 'stop'), '');
    for (const end = Date.now() + withinMs; Date.now() < end; await sleep(200)) {
      if (![...this.#running.keys()].some((name) => name.startsWith('client-'))) return true;
    }
    return false;
  }

  async dispose(keep: boolean): Promise<void> {
    this.#over = true;
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
    const child: ChildProcess = spawn(process.execPath, args, { cwd: join(this.dir, 'project'), env: this.env, detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    const ended = once(child, 'exit').then(([code, signal]: unknown[]) => (typeof signal === 'string' ? `by ${signal}` : `with exit code ${String(code)}`));
    return { pid: child.pid ?? 0, ended };
  }
}

interface Part {
  pid: number;
  ended: Promise<string>;
}

function killed(pid: number | undefined): boolean {
  try {
    return pid !== undefined && pid !== 0 && process.kill(pid, 'SIGKILL');
  } catch {
    return false; // ESRCH: it is gone already.
  }
}
