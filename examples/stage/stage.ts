/**
 * The stage of an example: `continuity up` as a person would start it, and a scripted model, all in
 * one temporary directory.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { RecordedRequest } from '../../scripted/model.js';
import { findTemporal } from '../../src/stack/temporal-binary.js';
import { stagedAgent, type AgentName } from './agents.js';
import { say, until } from './say.js';

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

type Child = ChildProcessByStdio<null, Readable, Readable>;

export class Stage {
  dir = '';
  uiUrl = '';
  env: NodeJS.ProcessEnv = {};
  #model: Child | undefined;
  #up: Child | undefined;
  #modelUrl = '';
  readonly #log: string[] = [];

  /** @param model the program of the model provider. It prints its base URL. */
  constructor(
    readonly agent: AgentName,
    private readonly model = 'scripted/model.ts',
  ) {}

  get project(): string {
    return join(this.dir, 'project');
  }

  /** Also makes the project this process's working directory, as it would be a person's. */
  async setUp(signal: AbortSignal): Promise<void> {
    const staged = stagedAgent(this.agent);
    const { path } = await findTemporal({ report: say, signal });
    this.dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-example-')));
    await Promise.all([mkdir(this.project), mkdir(join(this.dir, 'tmp'))]);
    const config = join(this.project, 'continuity.config.json');
    await writeFile(
      config,
      JSON.stringify({ project: 'demo', defaultAgent: this.agent, agents: { [this.agent]: staged.config } }),
    );
    const own = {
      // It names a program, which only the person's own configuration may.
      CONTINUITY_CONFIG: config,
      HOME: this.dir,
      TMPDIR: join(this.dir, 'tmp'),
      CONTINUITY_DATA_DIR: join(this.dir, 'data'),
    };
    this.env = { ...withoutOurs(process.env), ...own, TEMPORAL_CLI_PATH: path };

    this.#model = this.#start(['--import', import.meta.resolve('tsx'), root(this.model)]);
    this.#modelUrl = await firstLine(this.#model, 'The scripted model', signal);
    Object.assign(this.env, await staged.home(this.dir, this.#modelUrl));

    for (const name of Object.keys(process.env)) if (!(name in this.env)) delete process.env[name];
    Object.assign(process.env, this.env);
    process.chdir(this.project);
    await this.switchOn(signal);
  }

  /** After `switchOff`, it continues where it was. */
  async switchOn(signal: AbortSignal): Promise<void> {
    say('Starting Temporal and a worker: continuity up');
    this.#up = this.#start([root('bin/continuity.js'), 'up', '--json', '--port', '0', '--ui-port', '0']);
    const { address, ui } = JSON.parse(await firstLine(this.#up, 'continuity up', signal)) as {
      address: string;
      ui: string;
    };
    this.uiUrl = ui;
    process.env.TEMPORAL_ADDRESS = address;
    say(`Temporal is at ${address}, its Web UI at ${ui}`);
  }

  /**
   * Like Ctrl-C in the terminal of `continuity up`: Temporal, the worker and the agent's server
   * end.
   */
  async switchOff(): Promise<void> {
    await stop(this.#up, 'SIGINT');
  }

  /** The prompts of each conversation that the engineer's model received, oldest first. */
  async heard(): Promise<string[][]> {
    const requests = (await (await fetch(new URL('/requests', this.#modelUrl))).json()) as RecordedRequest[];
    return requests.filter(({ aside }) => !aside).map(({ asks }) => asks);
  }

  /** The worker that holds the data directory. After a kill, waits for the next one. */
  async workerPid(): Promise<number> {
    return Number(await readFile(join(this.dir, 'data', 'worker.lock'), 'utf8'));
  }

  async keepUntil(interrupted: AbortSignal): Promise<void> {
    say(`Left running in ${this.dir}. Ctrl-C ends it.`);
    await until(() => false, interrupted).catch(() => undefined); // AbortError: the wait ends with it.
  }

  /** The last log lines of `continuity up`, for a failure. */
  lastWords(): string {
    return this.#log.slice(-20).join('\n');
  }

  /** Leaves no process and no file. */
  async clear(): Promise<void> {
    if (this.#up) say('Stopping everything.');
    await stop(this.#up, 'SIGINT');
    await stop(this.#model, 'SIGTERM');
    process.chdir('/');
    if (this.dir) await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Starts the child in its own session, so that Ctrl-C reaches it once, through us. */
  #start(args: string[]): Child {
    const child = spawn(process.execPath, args, {
      cwd: this.project,
      env: this.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface(child.stderr).on('line', (line) => {
      this.#log.push(line);
      const [news] = /^The worker ended.*|worker is ready/.exec(line) ?? [];
      if (news !== undefined) say(`  up: ${news}`);
    });
    return child;
  }
}

/** The person's own Temporal and settings do not apply to the demo. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !/^(TEMPORAL|CONTINUITY|OPENCODE|CLAUDE|ANTHROPIC|CODEX|OPENAI)_/.test(name),
    ),
  );
}

async function firstLine({ stdout }: Child, name: string, signal: AbortSignal): Promise<string> {
  const lines = createInterface(stdout);
  const ended = once(lines, 'close', { signal }).then(() =>
    Promise.reject(new Error(`${name} ended before it was ready.`)),
  );
  const [line] = (await Promise.race([once(lines, 'line', { signal }), ended])) as [string];
  return line;
}

async function stop(child: Child | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
}
