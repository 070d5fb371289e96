/**
 * Copies a thread. Codex chooses the id of the copy, and stores the copy at once (0.169.0). `threadSource`
 * of the copy has a digest of its seed, so that it is found again if a kill came before its id was noted.
 */
import { stat } from 'node:fs/promises';
import * as z from 'zod';
import { defined } from '../../contract/defined.js';
import type { SessionId } from '../../contract/ids.js';
import { AgentError, type OpenedSession } from '../agent.js';
import type { DriverForkRequest } from '../driver.js';
import { failureOfDirectory } from '../../host/working-directory.js';
import { firstLinesOf } from '../shared/file-head.js';
import { nothingToCopy, originalIsLost } from '../shared/not-forked.js';
import { CallFailed } from './connection.js';
import type { CodexHome } from './home.js';
import { digestOf } from './ids.js';
import { rolloutAt, withoutIdOf } from './read-session.js';
import { activeRollouts, rolloutOf, threadOf } from './rollout-files.js';
import type { Live } from './server.js';
import { approvalsIn, refusalOfSettings, sandboxOf } from './settings.js';
import { turnStateOf } from './turn-state.js';

const Forked = z.object({ thread: z.object({ id: z.string().min(1) }), model: z.string() });
const Head = z.object({ payload: z.object({ thread_source: z.string() }) });
/** The first line of a rollout has the system prompt, and is long. */
const HEAD_BYTES = 256 * 1024;

/**
 * Idempotent by seed.
 *
 * @throws AgentError
 */
export async function forkSession(
  home: CodexHome,
  request: DriverForkRequest,
  signal: AbortSignal,
): Promise<OpenedSession> {
  const missing = (await failureOfDirectory(request.cwd)) ?? refusalOfSettings(request.mode);
  if (missing) throw new AgentError(missing, false);
  const { thread, model } =
    (await home.opened.get(request.seed)) ?? (await home.withServer((live) => fork(home, live, request), signal));
  return { session_id: thread as SessionId, store: home.server.store, ...defined({ model }) };
}

async function fork(
  home: CodexHome,
  live: Live,
  request: DriverForkRequest,
): Promise<{ thread: string; model?: string | undefined }> {
  const { seed, title } = request;
  const since = (await home.forking.get(seed))?.since;
  if (since === undefined) await home.forking.set(seed, { since: Date.now() });
  const before = since === undefined ? undefined : await madeSince(home.server.store, markOf(seed), since);
  const copy = before ? { thread: before, ...defined({ model: request.model }) } : await made(home, live, request);
  await live.connection.call('thread/name/set', { threadId: copy.thread, name: title });
  await home.opened.set(seed, copy);
  // The first turn resumes it with the turn's settings.
  await live.connection.call('thread/unsubscribe', { threadId: copy.thread });
  return copy;
}

const markOf = (seed: string) => `continuity-${digestOf(seed).slice(0, 32)}`;

async function made(
  home: CodexHome,
  { connection }: Live,
  { seed, cwd, model, mode, from, through }: DriverForkRequest,
): Promise<{ thread: string; model: string }> {
  const path = await rolloutOf(home.server.store, from.session_id);
  const rollout = path === undefined ? undefined : await rolloutAt(home, path, through);
  if (!rollout) throw originalIsLost(from);
  const { turns } = turnStateOf(rollout, through, await withoutIdOf(home, rollout, through));
  const last = turns.at(-1);
  if (!last) throw nothingToCopy(from, 'the prompt of that turn');
  const settings = {
    cwd,
    approvalPolicy: await approvalsIn(connection, cwd),
    sandbox: sandboxOf(mode),
    ...defined({ model }),
  };
  const original = { threadId: from.session_id, lastTurnId: last.id };
  const mark = { threadSource: markOf(seed), excludeTurns: true };
  try {
    const forked = Forked.parse(await connection.call('thread/fork', { ...original, ...settings, ...mark }));
    return { thread: forked.thread.id, model: forked.model };
  } catch (error) {
    if (error instanceof CallFailed && /no rollout found/i.test(error.reason)) throw originalIsLost(from);
    throw error;
  }
}

async function madeSince(store: string, mark: string, since: number): Promise<SessionId | undefined> {
  for (const file of await activeRollouts(store)) {
    const written = await stat(file).catch(() => undefined); // ENOENT: it was archived meanwhile.
    if (!written || written.mtimeMs < since) continue;
    const [head = ''] = await firstLinesOf(file, HEAD_BYTES);
    if (head.includes(mark) && markIn(head) === mark) return threadOf(file);
  }
  return undefined;
}

function markIn(head: string): string | undefined {
  try {
    return Head.parse(JSON.parse(head)).payload.thread_source;
  } catch {
    return undefined; // SyntaxError, ZodError: the line is cut off, or has no mark.
  }
}
