/** `continuity up` in a directory of its own, with the real OpenCode and a scripted model. */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once, type EventEmitter } from 'node:events';
import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { cacheDirOf } from '../../src/host/data-dir.js';
import { isolatedOpenCode } from '../../scripted/isolated-opencode.js';
import { processesOf } from '../support/processes.js';
import { startScriptedModel } from '../../scripted/model.js';
import { CONTINUITY, continuityIn, type Continuity } from './cli-command.js';

export type UpProcess = ReturnType<Continuity>;

export interface Up {
  process: UpProcess;
  address: string;
  ui: string;
  /** Which opens new sessions. null: none was found. */
  agent: { name: string; because: string } | null;
  /** What it has written to stderr. */
  said: () => string;
}

export interface UpBench {
  dir: string;
  dataDir: string;
  continuity: Continuity;
  /** Starts it without waiting. It is stopped by `stopAll`. */
  start(...words: string[]): UpProcess;
  /** Starts it with an output of one's own, and leaves its end to the caller. */
  startWith(stdio: StdioOptions): ChildProcess;
  /** Returns once it says that it is ready. */
  up(...words: string[]): Promise<Up>;
  recorded(
    dataDir?: string,
  ): Promise<{ server: { pid: number; port: number; uiPort: number }; worker: { pid: number } }>;
  stopAll(): Promise<void>;
  dispose(): Promise<void>;
}

/** `env`: more of it, which may name the bench's directory. */
export async function upBench(
  name: string,
  env: Record<string, string> | ((dir: string) => Record<string, string>) = {},
): Promise<UpBench> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), `continuity-${name}-`)));
  const dataDir = join(dir, 'continuity'); // OpenCode has its own under `data`.
  const model = await startScriptedModel();
  const opencode = await isolatedOpenCode(dir, model.url);
  const cwd = join(dir, 'work');
  await mkdir(cwd);
  const own = {
    CONTINUITY_DATA_DIR: dataDir,
    CONTINUITY_CACHE_DIR: cacheDirOf(),
    TEMPORAL_CLI_PATH: process.env.TEMPORAL_CLI_PATH ?? '',
  };
  const surroundings = { ...opencode, ...own, ...(typeof env === 'function' ? env(dir) : env) };
  const continuity = continuityIn({ cwd, env: surroundings });
  const ups: UpProcess[] = [];

  const bench: UpBench = {
    dir,
    dataDir,
    continuity,
    start(...words) {
      const started = continuity(['up', '--json', '--port', '0', ...words]);
      ups.push(started);
      return started;
    },
    startWith: (stdio) =>
      spawn(process.execPath, [CONTINUITY, 'up', '--json', '--port', '0'], {
        cwd,
        env: { PATH: process.env.PATH, HOME: cwd, ...surroundings },
        stdio,
      }),
    async up(...words) {
      const process = bench.start(...words);
      let [out, err] = ['', ''];
      process.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
      process.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
      await vi.waitUntil(() => out.includes('\n') || process.exitCode !== null, { timeout: 60_000 });
      if (process.exitCode !== null)
        throw new Error(`continuity up ended with exit code ${process.exitCode}: ${err}${out}`);
      const { address, ui, agent } = JSON.parse(out) as Pick<Up, 'address' | 'ui' | 'agent'>;
      return { process, address, ui, agent, said: () => err };
    },
    recorded: async (of = dataDir) =>
      JSON.parse(await readFile(join(of, 'stack.json'), 'utf8')) as Awaited<ReturnType<UpBench['recorded']>>,
    async stopAll() {
      for (const up of ups.splice(0)) {
        up.kill('SIGINT');
        await exited(up);
      }
    },
    async dispose() {
      await bench.stopAll();
      await model.close();
      for (const pid of processesOf(dir)) process.kill(pid, 'SIGKILL');
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return bench;
}

/** Not awaited whole: what it leaves behind holds its output open. */
export async function exited(process: EventEmitter & Pick<ChildProcess, 'exitCode' | 'signalCode'>): Promise<void> {
  if (process.exitCode === null && process.signalCode === null) await once(process, 'exit');
}
