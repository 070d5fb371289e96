/** Finds the session that a person names directly or by its topic. */
import type { SessionManager } from '../client/session-manager.js';
import { SessionError, sessionError } from '../client/session-error.js';
import type { SessionView, TopicView } from '../contract/views.js';

/** @throws SessionError TOPIC_UNKNOWN, SESSION_UNKNOWN, NO_WORKER */
export async function namedSession(manager: SessionManager, name: string): Promise<SessionView> {
  const view = await viewOf(manager, name);
  if (!view) {
    const { sessions, topic } = await manager.view(await manager.topicOf(name));
    const session = sessions.find(({ session_id }) => session_id === name);
    if (session) return session;
    throw sessionError('SESSION_UNKNOWN', `Topic ${topic} no longer remembers session ${name}.`, { topic });
  }
  const current = view.sessions.find((session) => session.current);
  if (current) return current;
  throw sessionError('SESSION_UNKNOWN', `Topic ${view.topic} has no session yet.`, { topic: view.topic });
}

async function viewOf(manager: SessionManager, name: string): Promise<TopicView | undefined> {
  try {
    return await manager.view(name);
  } catch (error) {
    if (error instanceof SessionError && error.code === 'TOPIC_UNKNOWN') return undefined;
    throw error;
  }
}
