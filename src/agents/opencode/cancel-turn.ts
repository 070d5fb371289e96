/** Stopping what of ours runs in a session. */
import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../../contract/failures.js';
import { AgentError, type SessionRef } from '../agent.js';
import type { OpenCodeHome } from './home.js';
import { isOurs } from './ids.js';
import { abort, findSession, lookAt } from './look.js';
import { lastPromptOf, turnStateOf } from './turn-state.js';
import type { Connection } from './server.js';

/** A tool that ignores SIGTERM is killed after 3 s (1.18.33). */
const STOPS_WITHIN_MS = 30_000;

/** Noted durably before anything is stopped. A turn that a person started is not ours, and left alone. @throws AgentError */
export async function cancelTurn(home: OpenCodeHome, ref: SessionRef, signal: AbortSignal): Promise<void> {
  home.checkStore(ref);
  const active = home.active.get(ref.session_id);
  if (active) await home.cancelled.add(active.messageId);
  await home.withServer((connection) => stopIn(connection, home, ref, signal), signal);
  active?.wake();
}

async function stopIn(connection: Connection, home: OpenCodeHome, ref: SessionRef, signal: AbortSignal): Promise<void> {
  const session = await findSession(connection, ref.session_id);
  if (!session) return;
  const place = { sessionID: ref.session_id, directory: session.directory };
  for (const end = Date.now() + STOPS_WITHIN_MS; Date.now() < end; await sleep(50)) {
    signal.throwIfAborted();
    const look = await lookAt(connection, place);
    const prompt = look && lastPromptOf(look.messages);
    if (!look || (prompt !== undefined && !isOurs(prompt))) return;
    if (prompt !== undefined && !(look.idle && turnStateOf(look.messages, prompt).ended)) await home.cancelled.add(prompt);
    if (look.idle) return;
    await abort(connection, place);
  }
  throw new AgentError(failure('AGENT_CRASHED', `The turn in session ${ref.session_id} did not stop within ${STOPS_WITHIN_MS / 1000} s.`), true);
}
