/**
 * A run is one process of Claude Code on one session. It holds the session's lock for as long as it
 * lives. It reads from and writes to files, so it goes on when its worker dies. Each session has a
 * folder.
 */
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identityOf, isAlive } from '../../host/process-identity.js';
import { AGENT_MARKER, killTree } from '../../host/process-tree.js';
import type { SessionId } from '../../contract/ids.js';
import type { PromptKey } from '../driver.js';
import { GateFiles } from './gate-files.js';
import { isSessionId } from './ids.js';
import { holderOf, holdLock, type InheritedLock } from '../shared/inherited-lock.js';

/** The note in the lock of a run. */
export interface Run {
  /** Different for each run. */
  id: string;
  /** The prompt that the run works on. */
  key: PromptKey;
  /** Absent while the run is being started. */
  pid?: number;
  started?: string;
}

export interface Command {
  program: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
  /** The line of its standard input. Absent: its input is empty. */
  message?: object;
}

/** Claude Code and its tools end within 250 ms after an interrupt (2.1.331). */
const ENDS_WITHIN_MS = 3_000;

export const KEPT_FOR_MS = 30 * 24 * 60 * 60 * 1000;

/** `killed`: a signal ended the run, which says nothing about the turn. */
export type RunEnd = { session: SessionId; killed: boolean; code: number | null };

export class Runs {
  readonly #ending = new Map<SessionId, Promise<void>>();

  /** `folder` belongs to this data directory alone, and so does the marker of its processes. */
  constructor(
    private readonly folder: string,
    private readonly ended: (end: RunEnd) => void,
  ) {}

  /** The file to which a session's run writes. */
  outputOf(session: SessionId): string {
    return join(this.#folderOf(session), 'out.jsonl');
  }

  /** What the session's run asks, and what was answered. */
  gateOf(session: SessionId): GateFiles {
    return new GateFiles(this.gateFolderOf(session));
  }

  gateFolderOf(session: SessionId): string {
    return join(this.#folderOf(session), 'gate');
  }

  markerOf(session: SessionId): string {
    return `${AGENT_MARKER}=${this.#markOf(session)}`;
  }

  /** The run that works in the session. */
  of(session: SessionId): Partial<Run> | undefined {
    if (!isSessionId(session)) return undefined;
    return holderOf<Run>(this.#lockOf(session));
  }

  /**
   * Takes the session's lock. `undefined` when another run works in the session. Until the lock is
   * released or passed on, no run can start.
   */
  hold(session: SessionId, key: PromptKey): (InheritedLock & { run: Run }) | undefined {
    const lock = holdLock(this.#lockOf(session));
    if (!lock) return undefined;
    const run: Run = { id: randomUUID(), key };
    lock.note(run);
    return { ...lock, run };
  }

  /**
   * Starts a run, which has the lock from then on. Call `clear` first, so that nothing of an
   * earlier run is left.
   */
  async start(
    session: SessionId,
    lock: InheritedLock & { run: Run },
    { program, args, env, cwd, message }: Command,
  ): Promise<void> {
    const tmp = await this.#temporaryFor(session);
    await this.gateOf(session).clear();
    const input = join(this.#folderOf(session), 'in.jsonl');
    if (message) await writeFile(input, `${JSON.stringify(message)}\n`, { mode: 0o600 });
    await using read = await open(message ? input : '/dev/null');
    await using write = await open(this.outputOf(session), 'w', 0o600);
    const child = spawn(program, args, {
      cwd,
      detached: true,
      stdio: [read.fd, write.fd, write.fd, lock.fd],
      env: { ...env, TMPDIR: tmp, [AGENT_MARKER]: this.#markOf(session) },
    });
    await once(child, 'spawn');
    child.unref();
    child.once('exit', (code, signal) => this.ended({ session, killed: signal !== null || (code ?? 0) > 128, code }));
    if (child.pid === undefined) throw new Error(`${program} has no pid`);
    const identity = await identityOf(child.pid);
    lock.note({ ...lock.run, pid: child.pid, ...(identity && { started: identity.started }) });
  }

  /**
   * Ends every process that an earlier run has left. Killing Claude Code leaves its tools running.
   */
  async clear(session: SessionId): Promise<void> {
    await killTree(this.markerOf(session));
  }

  /** Interrupts the run, so that the session's file records it, and then ends all its processes. */
  stop(session: SessionId): Promise<void> {
    const ending = this.#ending.get(session) ?? this.#stop(session).finally(() => this.#ending.delete(session));
    this.#ending.set(session, ending);
    return ending;
  }

  async #stop(session: SessionId): Promise<void> {
    const run = this.of(session);
    const { pid, started } = run ?? {};
    const isIt = pid !== undefined && started !== undefined && (await isAlive({ pid, started }));
    if (isIt) {
      interrupt(pid);
      for (const end = Date.now() + ENDS_WITHIN_MS; Date.now() < end && this.of(session)?.id === run?.id;)
        await sleep(25);
    }
    await killTree(this.markerOf(session), isIt && this.of(session)?.id === run?.id ? pid : undefined);
  }

  /**
   * Kills all runs, including those that an earlier worker started. They are not interrupted, so
   * their turns can be resumed.
   */
  async stopAll(): Promise<void> {
    const sessions = await this.#sessions();
    await Promise.all(sessions.filter((session) => this.of(session)).map((session) => this.clear(session)));
  }

  /**
   * Removes our files of a session in which nothing works. It does so under the session's lock: a
   * run whose lock file is removed would no longer be seen.
   */
  async forget(session: SessionId): Promise<void> {
    const lock = holdLock(this.#lockOf(session));
    if (!lock) return;
    try {
      await rm(this.#folderOf(session), { recursive: true, force: true });
      await rm(this.#temporaryOf(session), { recursive: true, force: true });
    } finally {
      lock.release();
    }
  }

  /**
   * Removes our files of sessions that have not worked for 30 days. The agent's own store keeps the
   * sessions.
   */
  async prune(now = Date.now()): Promise<void> {
    for (const session of await this.#sessions()) {
      // ENOENT: the first run is being started.
      const last = await stat(this.outputOf(session)).catch(() => undefined);
      if (last && last.mtimeMs < now - KEPT_FOR_MS) await this.forget(session);
    }
  }

  async #sessions(): Promise<SessionId[]> {
    // ENOENT: no run was ever started.
    return (await readdir(join(this.folder, 'runs')).catch((): string[] => [])) as SessionId[];
  }

  /**
   * The temporary directory of a session's tools. It is kept, because tools may have left files
   * there that the conversation mentions. Only the sockets of a killed run are removed.
   */
  async #temporaryFor(session: SessionId): Promise<string> {
    const tmp = this.#temporaryOf(session);
    await rm(join(tmp, 'cc-socks'), { recursive: true, force: true });
    await mkdir(tmp, { recursive: true, mode: 0o700 });
    return tmp;
  }

  #markOf(session: SessionId): string {
    return `claude-code-${createHash('sha256').update(this.folder).digest('hex').slice(0, 12)}-${session}`;
  }

  #folderOf = (session: SessionId) => join(this.folder, 'runs', session);
  #lockOf = (session: SessionId) => join(this.#folderOf(session), 'lock');
  /** Short, because the path of a socket has at most 107 bytes. */
  #temporaryOf = (session: SessionId) => join(this.folder, 'tmp', session.slice(0, 13));
}

function interrupt(pid: number): void {
  try {
    process.kill(pid, 'SIGINT');
  } catch (error) {
    // The process has ended by itself meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
