/**
 * What tools of a thread have left running. Codex names the thread in the environment of each tool
 * (0.169.0). The threads of a person's own Codex are told apart by the server's mark.
 */
import { startedSince, type Leftover, type Moment } from '../../host/leftovers.js';
import { AGENT_MARKER } from '../../host/process-tree.js';
import type { SessionId } from '../../contract/ids.js';
import type { CodexServer } from './server.js';

export async function leftRunningIn(server: CodexServer, session: SessionId, since: Moment): Promise<Leftover[]> {
  const entry = await server.entry();
  return startedSince(
    since,
    (environment) =>
      `${AGENT_MARKER}=${environment[AGENT_MARKER]}` === entry && environment['CODEX_THREAD_ID'] === session,
  );
}
