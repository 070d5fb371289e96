/**
 * One process of an ACP agent, on its standard streams. It holds a lock for as long as it or
 * anything that it started lives, and has a mark in its environment. So a worker that comes after
 * one that was killed finds what is left, and ends it before anything else is put in.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../../contract/failures.js';
import { identityOf, isAlive } from '../../host/process-identity.js';
import { AGENT_MARKER, killTree } from '../../host/process-tree.js';
import { AgentError } from '../agent.js';
import { holderOf, holdLock } from '../shared/inherited-lock.js';
import { markOf } from './ids.js';

export interface Command {
  program: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
}

interface Note {
  mark: string;
  pid: number;
  started: string;
}

/** An agent may still write down what it has just done. */
const ENDS_WITHIN_MS = 3_000;
const GONE_WITHIN_MS = 5_000;
const LAST_WORDS = 2_000;

export class AgentProcess {
  /** How it ended, in words. undefined: it has not. */
  ended: string | undefined;
  /** Whether it ended by itself, with an exit code. */
  exitCode: number | null = null;
  readonly exited: Promise<void>;
  #lastWords = '';
  #ending: Promise<void> | undefined;

  private constructor(
    readonly child: ChildProcessByStdio<Writable, Readable, Readable>,
    private readonly folder: string,
    private readonly mark: string,
    log: (text: string) => void,
  ) {
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.exitCode = code;
        this.ended = signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`;
        resolve();
      });
      child.on('error', () => undefined); // That it did not start is told by `start`.
    });
    child.stdin.on('error', () => undefined); // EPIPE: it has ended, which is seen as such.
    child.stderr.on('data', (data: Buffer) => {
      this.#lastWords = (this.#lastWords + data.toString('utf8')).slice(-LAST_WORDS);
      log(data.toString('utf8'));
    });
  }

  /** `folder`: of all runs. @throws AgentError AGENT_NOT_FOUND */
  static async start(
    folder: string,
    { program, args, cwd, env }: Command,
    log: (text: string) => void,
  ): Promise<AgentProcess> {
    const run = randomUUID();
    const own = join(folder, run);
    await mkdir(own, { recursive: true, mode: 0o700 });
    const mark = markOf(folder, run);
    const lock = holdLock(join(own, 'lock'));
    if (!lock) throw new Error(`The lock of the new run ${run} is taken`);
    try {
      const child = spawn(program, args, {
        cwd,
        detached: true, // Ctrl-C in the worker's terminal is for the worker.
        stdio: ['pipe', 'pipe', 'pipe', lock.fd],
        env: { ...env, [AGENT_MARKER]: mark },
      }) as unknown as ChildProcessByStdio<Writable, Readable, Readable>;
      const process = new AgentProcess(child, own, mark, log);
      await once(child, 'spawn');
      const identity = child.pid === undefined ? undefined : await identityOf(child.pid);
      lock.note({ mark, ...identity });
      return process;
    } catch (cause) {
      await rm(own, { recursive: true, force: true });
      const message = `${program} cannot be started: ${cause instanceof Error ? cause.message : String(cause)}.`;
      throw new AgentError(failure('AGENT_NOT_FOUND', message), false, { cause });
    } finally {
      lock.release();
    }
  }

  /** The end of what it wrote to its standard error. */
  get lastWords(): string {
    return this.#lastWords.trim().split('\n').slice(-3).join(' ').slice(-500);
  }

  /** Why it no longer answers, in words. */
  async whyItEnded(): Promise<string> {
    await Promise.race([this.exited, sleep(1_000, undefined, { ref: false })]);
    const how = this.ended ?? 'it closed its standard output';
    return `${how}${this.lastWords === '' ? '.' : `. It said: ${this.lastWords}`}`;
  }

  /**
   * Ends it with all that it started, and returns once that is gone. `gently`: it may come to its
   * end by itself first.
   */
  end(gently: boolean): Promise<void> {
    if (!gently) this.child.kill('SIGKILL');
    return (this.#ending ??= this.#end());
  }

  async #end(): Promise<void> {
    this.child.stdin.end();
    await Promise.race([this.exited, sleep(ENDS_WITHIN_MS, undefined, { ref: false })]);
    await endRun(this.folder, { mark: this.mark, ...(await identityOf(this.child.pid ?? 0)) });
  }
}

/** Ends what workers before us have left. Call it before the first start. */
export async function endRunsOf(folder: string): Promise<void> {
  const runs = await readdir(folder).catch((): string[] => []); // ENOENT: none has ever run.
  await Promise.all(
    runs.map(async (run) => {
      const own = join(folder, run);
      const note = holderOf<Note>(join(own, 'lock'));
      await endRun(own, { ...note, mark: markOf(folder, run) });
    }),
  );
}

async function endRun(own: string, { mark, pid, started }: Partial<Note> & { mark: string }): Promise<void> {
  const isIt = pid !== undefined && started !== undefined && (await isAlive({ pid, started }));
  await killTree(`${AGENT_MARKER}=${mark}`, isIt ? pid : undefined);
  for (const end = Date.now() + GONE_WITHIN_MS; holderOf(join(own, 'lock')); await sleep(20)) {
    if (Date.now() < end) continue;
    const message = `Something that an ACP agent has started still runs, and cannot be found: it left its session and cleared its environment. Its files are open in ${own}.`;
    throw new AgentError(failure('AGENT_CRASHED', message, 'End it by hand, then send a follow-up.'), true);
  }
  await rm(own, { recursive: true, force: true });
}
