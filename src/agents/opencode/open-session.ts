/** Opens a session under an id that we choose. */
import { defined } from '../../contract/defined.js';
import { failure } from '../../contract/failures.js';
import { AgentError, type OpenedSession, type OpenRequest } from '../agent.js';
import { ask } from './calls.js';
import { refusalOfSettings } from './settings.js';
import { failureOfDirectory } from '../../host/working-directory.js';
import type { OpenCodeHome } from './home.js';
import { sessionIdOf } from './ids.js';
import { findSession } from './read-session.js';

/**
 * Idempotent: it looks for the session before it creates one.
 *
 * @throws AgentError
 */
export async function openSession(
  home: OpenCodeHome,
  { seed, title, cwd, model, mode }: OpenRequest,
  signal: AbortSignal,
): Promise<OpenedSession> {
  const missing = await failureOfDirectory(cwd);
  if (missing) throw new AgentError(missing, false);
  const id = sessionIdOf(seed);
  return home.withServer(async (connection) => {
    const refusal = await refusalOfSettings(connection, cwd, { model, mode });
    if (refusal) throw new AgentError(refusal, false);
    const { client } = connection;
    const there = await findSession(connection, id);
    if (!there) {
      const { data } = await ask('open a session', (options) =>
        client.v2.session.create({ id, location: { directory: cwd } }, options),
      );
      if (data.id !== id)
        throw new AgentError(
          failure('INTERNAL', `OpenCode opened session ${data.id} where ${id} was asked for.`),
          false,
        );
    }
    // Setting a title also saves a call of the model, which OpenCode would ask for one.
    if (there?.title !== title)
      await ask('name the session', (options) => client.session.update({ sessionID: id, title }, options));
    home.directories.set(id, there?.directory ?? cwd);
    return { session_id: id, store: home.server.store, ...defined({ model }) };
  }, signal);
}
