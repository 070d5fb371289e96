/** Codex's own archive: it moves the rollout of a thread, and resumes no thread from there (0.169.0). */
import { failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import { AgentError } from '../agent.js';
import type { CodexHome } from './home.js';
import { isArchived, rolloutOf } from './rollout-files.js';

/**
 * Looks first, because Codex refuses what was done before.
 *
 * @returns whether the thread exists
 * @throws CallFailed
 */
export async function setArchived(home: CodexHome, session: SessionId, archived: boolean): Promise<boolean> {
  const { server, threads } = home;
  const rollout = await rolloutOf(server.store, session);
  if (rollout === undefined || isArchived(server.store, rollout) === archived) return rollout !== undefined;
  const live = await home.connect();
  await threads.letGo(live, session);
  await live.connection.call(archived ? 'thread/archive' : 'thread/unarchive', { threadId: session });
  return true;
}

/** A person has archived it. */
export function archivedThread(session: SessionId): AgentError {
  return new AgentError(
    failure(
      'SESSION_LOST',
      `Session ${session} was archived in Codex.`,
      `Bring it back with: codex unarchive ${session}`,
    ),
    false,
  );
}
