/**
 * What tools of a session and of its sub-agents have left running. The server is one for all
 * sessions, so a plugin of ours marks each tool with its session.
 */
import { startedSince, type Leftover, type Moment } from '../../host/leftovers.js';
import { AGENT_MARKER, SESSION_MARKER } from '../../host/process-tree.js';
import type { SessionRef } from '../agent.js';
import type { OpenCodeHome } from './home.js';
import { subAgentIn } from './requests.js';

export async function leftRunningIn(home: OpenCodeHome, session: SessionRef, since: Moment): Promise<Leftover[]> {
  const entry = await home.server.entry();
  const left = await startedSince(
    since,
    (environment) =>
      `${AGENT_MARKER}=${environment[AGENT_MARKER]}` === entry && environment[SESSION_MARKER] !== undefined,
  );
  const sessions = new Set(left.flatMap(({ environment }) => environment[SESSION_MARKER] ?? []));
  const ours = new Set<string>();
  for (const one of sessions) if (one === session.session_id || (await isBelow(home, session, one))) ours.add(one);
  return left.filter(({ environment }) => ours.has(environment[SESSION_MARKER] ?? ''));
}

async function isBelow(home: OpenCodeHome, { session_id }: SessionRef, other: string): Promise<boolean> {
  return (await subAgentIn(await home.connect(), session_id, other)) !== undefined;
}
