/**
 * Opens a session. Codex chooses its id, and stores nothing of a new thread until the thread has a
 * name. So the thread is named first, and the id is noted after that. A kill in between leaves only
 * an empty thread in Codex's list.
 */
import * as z from 'zod';
import { defined } from '../../contract/defined.js';
import { failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import { AgentError, type OpenedSession, type OpenRequest } from '../agent.js';
import { failureOfDirectory } from '../../host/working-directory.js';
import type { CodexHome } from './home.js';
import type { Live } from './server.js';
import { approvalsIn, refusalOfSettings, sandboxOf } from './settings.js';

const Started = z.object({ thread: z.object({ id: z.string() }), model: z.string() });

/**
 * Idempotent by seed, once the id was noted.
 *
 * @throws AgentError
 */
export async function openSession(home: CodexHome, request: OpenRequest, signal: AbortSignal): Promise<OpenedSession> {
  const missing = (await failureOfDirectory(request.cwd)) ?? refusalOfSettings(request.mode);
  if (missing) throw new AgentError(missing, false);
  const noted = await home.opened.get(request.seed);
  const opened = noted ?? (await home.withServer((live) => open(home, live, request), signal));
  return {
    session_id: opened.thread as SessionId,
    store: home.server.store,
    ...defined({ model: opened.model }),
  };
}

async function open(
  home: CodexHome,
  live: Live,
  { seed, title, cwd, model, mode }: OpenRequest,
): Promise<{ thread: string; model: string }> {
  const { connection } = live;
  const approvalPolicy = await approvalsIn(connection, cwd);
  const settings = { cwd, approvalPolicy, sandbox: sandboxOf(mode), ...defined({ model }) };
  const started = Started.parse(await connection.call('thread/start', settings));
  const { id } = started.thread;
  if (id === '') throw new AgentError(failure('INTERNAL', 'Codex opened a thread without an id.'), false);
  await connection.call('thread/name/set', { threadId: id, name: title });
  const opened = { thread: id, model: started.model };
  await home.opened.set(seed, opened);
  // The first turn resumes the thread with the turn's settings. Until then, any Codex can open it.
  await connection.call('thread/unsubscribe', { threadId: id });
  return opened;
}
