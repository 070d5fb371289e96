/**
 * Which threads the server has loaded for us. In each connection, a thread has to be resumed before
 * any other call. After that it can be asked, and sends notices. While a thread is loaded, no other
 * Codex can write to it (a kernel lock), so it is let go of after each turn.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { defined } from '../../contract/defined.js';
import { failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import { AgentError, type SessionRef } from '../agent.js';
import * as z from 'zod';
import { CallFailed } from './connection.js';
import { rolloutOf } from './rollout-files.js';
import type { Live } from './server.js';
import { approvalsIn, sandboxOf, type Approvals, type SandboxPolicy } from './settings.js';

const Status = z.object({ type: z.string(), activeFlags: z.array(z.string()).catch([]) });
const Answer = z.object({
  thread: z.object({ id: z.string(), path: z.string().nullable(), status: Status }),
  model: z.string().optional().catch(undefined),
  sandbox: z.looseObject({ type: z.string() }),
});
const Read = z.object({ thread: z.object({ status: Status }) });

export interface Thread {
  generation: number;
  /** The path of its rollout. */
  path: string;
  /** The sandbox of its turns, with the additions of the person's own configuration. */
  sandbox: SandboxPolicy;
  /** When its turns ask a person. */
  approvals: Approvals;
  isActive: boolean;
  /** Whether its turn waits for an answer to a request. */
  isAsking: boolean;
}

type ThreadStatus = Pick<Thread, 'isActive' | 'isAsking'>;

/** `missing`: the store has no such thread. `elsewhere`: another Codex has it loaded. `archived`: Codex resumes none from its archive. */
export type Resumed = Thread | 'missing' | 'elsewhere' | 'archived';

export class Threads {
  readonly #known = new Map<SessionId, Thread>();
  /**
   * One call at a time for each thread. A thread that is resumed right after it was let go of would
   * be unloaded afterwards.
   */
  readonly #queues = new Map<SessionId, Promise<unknown>>();

  /** @throws CallFailed, AgentError */
  resume(live: Live, session: SessionRef): Promise<Resumed> {
    return this.#alone(session.session_id, async () => {
      const known = this.#known.get(session.session_id);
      if (known?.generation === live.generation) {
        const status = await statusIn(live, session.session_id);
        if (status) return { ...known, ...status };
      }
      const thread = await resume(live, session);
      if (typeof thread === 'object') this.#known.set(session.session_id, thread);
      else this.#known.delete(session.session_id);
      return thread;
    });
  }

  /** The path of the rollout of a thread that was resumed. */
  rolloutOf(session: SessionId): string | undefined {
    return this.#known.get(session)?.path;
  }

  /** The next call resumes the thread anew. Codex then sends again what waits for an answer. */
  forget(session: SessionId): void {
    this.#known.delete(session);
  }

  /**
   * Frees the thread for others once its running turn has ended. Does nothing if it is not loaded.
   *
   * @throws CallFailed
   */
  letGo(live: Live, session: SessionId): Promise<void> {
    return this.#alone(session, async () => {
      if (!this.#known.delete(session)) return;
      await live.connection.call('thread/unsubscribe', { threadId: session });
      live.connection.forget(session);
    });
  }

  async #alone<T>(session: SessionId, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(session) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => undefined); // The caller gets the error.
    this.#queues.set(session, settled);
    try {
      return await mine;
    } finally {
      if (this.#queues.get(session) === settled) this.#queues.delete(session);
    }
  }
}

/** `undefined` when the thread is not loaded. */
async function statusIn({ connection }: Live, session: SessionId): Promise<ThreadStatus | undefined> {
  try {
    const { status } = Read.parse(await connection.call('thread/read', { threadId: session })).thread;
    return status.type === 'notLoaded' ? undefined : statusOf(status);
  } catch (error) {
    // The thread was deleted, or never existed. Resuming it will tell which.
    if (error instanceof CallFailed && error.code !== undefined) return undefined;
    throw error;
  }
}

const statusOf = ({ type, activeFlags }: z.infer<typeof Status>): ThreadStatus => ({
  isActive: type === 'active',
  isAsking: activeFlags.length > 0,
});

async function resume({ connection, generation }: Live, session: SessionRef): Promise<Resumed> {
  const { session_id, cwd, model, mode } = session;
  // ENOENT, EACCES. A turn in such a directory is refused before it is put in.
  const isThere = (await stat(cwd).catch(() => undefined))?.isDirectory();
  const approvals = await approvalsIn(connection, isThere ? cwd : undefined);
  const settings = {
    approvalPolicy: approvals,
    sandbox: sandboxOf(mode),
    ...(isThere && { cwd }),
    ...defined({ model }),
  };
  try {
    const { thread, sandbox } = Answer.parse(
      await connection.call('thread/resume', { threadId: session_id, ...settings, excludeTurns: true }),
    );
    if (thread.id !== session_id || thread.path === null)
      throw new AgentError(
        failure('INTERNAL', `Codex resumed thread ${thread.id} where ${session_id} was asked for.`),
        false,
      );
    return { generation, path: thread.path, sandbox, approvals, ...statusOf(thread.status) };
  } catch (error) {
    if (error instanceof CallFailed) return whyNot(error, session);
    throw error;
  }
}

/** Codex has one code, -32600, for all of these, so its texts are matched (0.169.0). */
async function whyNot(error: CallFailed, { session_id, store }: SessionRef): Promise<Exclude<Resumed, Thread>> {
  if (/already has an active writer/.test(error.reason)) return 'elsewhere';
  if (/no rollout found|invalid thread id/i.test(error.reason)) return 'missing';
  if (/is archived/.test(error.reason)) return 'archived';
  // Codex lists a thread whose rollout was deleted, and cannot load it.
  if (error.code !== undefined && (await hasNoRollout(store, session_id))) return 'missing';
  throw error;
}

/** False as well where the store itself does not exist, because then nothing is known. */
async function hasNoRollout(store: string, session: SessionId): Promise<boolean> {
  const sessions = await stat(join(store, 'sessions')).catch(() => undefined); // ENOENT, EACCES
  return sessions?.isDirectory() === true && (await rolloutOf(store, session)) === undefined;
}
