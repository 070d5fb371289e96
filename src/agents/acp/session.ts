/** Opening sessions, and taking them up in a process of their own. */
import { tmpdir } from 'node:os';
import { RequestError } from '@agentclientprotocol/sdk';
import type { AgentConfig } from '../../config.js';
import { failure } from '../../contract/failures.js';
import { isId, MAX_ID_LENGTH, type SessionId } from '../../contract/ids.js';
import { AgentError, type OpenedSession, type OpenRequest, type SessionRef } from '../agent.js';
import { failureOfDirectory } from '../../host/working-directory.js';
import { Connection, type Capabilities } from './connection.js';
import { failureOfCall } from './failures.js';
import type { AcpHome } from './home.js';
import { storeOf } from './ids.js';
import { checkContinues, loadSession, settle } from './load.js';
import { commandOf } from './program.js';
import { SessionRun } from './session-run.js';
import { modelOf, SessionAnswer, type SessionState } from './settings.js';

/** One agent of the config. */
export interface AcpAgent {
  name: string;
  config: AgentConfig;
  home: AcpHome;
}

/** The agent, started. @throws AgentError, Unreachable */
export async function connectTo(
  { name, config, home }: AcpAgent,
  cwd: string,
  folder = home.runsFolder,
): Promise<[Connection, Capabilities]> {
  const { startsWithinMs } = home.timing;
  // Of a session whose directory is gone, what was said can still be read.
  const place = (await failureOfDirectory(cwd)) ? tmpdir() : cwd;
  const command = await commandOf(config, name, place, home.env);
  return Connection.open({ title: name, command, folder, startsWithinMs, log: home.log });
}

/**
 * Idempotent by seed, once the id was noted: the agent gives it. A kill before that leaves an empty
 * session in the agent's list. Its process stays for the first prompt, because some agents store a
 * session only with that. @throws AgentError
 */
export async function openSession(agent: AcpAgent, request: OpenRequest): Promise<OpenedSession> {
  const { home, config } = agent;
  const missing = await failureOfDirectory(request.cwd);
  if (missing) throw new AgentError(missing, false);
  const store = storeOf(config.command ?? []);
  const seed = `${store}\n${request.seed}`;
  const noted = await home.opened.get(seed);
  const opened = noted ?? (await open(agent, request, seed));
  return { session_id: opened.session as SessionId, store, ...(opened.model !== undefined && { model: opened.model }) };
}

async function open(agent: AcpAgent, { cwd, model, variant, mode }: OpenRequest, seed: string) {
  const { home } = agent;
  await home.prepare();
  const [connection, capabilities] = await connectTo(agent, cwd);
  try {
    checkContinues(capabilities, connection.title);
    const { sessionId, ...created } = await newSession(connection, capabilities, cwd);
    const wanted = {
      ...(model !== undefined && { model }),
      ...(variant !== undefined && { variant }),
      ...(mode !== undefined && { mode }),
    };
    const state = await settle(connection, sessionId, created, wanted);
    const used = modelOf(state);
    const opened = { session: sessionId, ...(used !== undefined && { model: used }) };
    await home.opened.set(seed, opened);
    new SessionRun(home, connection, sessionId, state);
    return opened;
  } catch (error) {
    await connection.process.end(true);
    throw error;
  }
}

async function newSession(
  connection: Connection,
  { logins }: Capabilities,
  cwd: string,
): Promise<SessionState & { sessionId: SessionId }> {
  try {
    const answer = SessionAnswer.safeParse(await connection.call('session/new', { cwd, mcpServers: [] })).data;
    if (isId(answer?.sessionId)) return { ...answer, sessionId: answer.sessionId as SessionId };
    if (answer?.sessionId) throw noSuchId(connection.title, answer.sessionId);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const { failure: what, retryable } = failureOfCall(error, connection.title, 'open a session');
    const how = what.code === 'AGENT_AUTH' && logins.length > 0 ? ` It offers: ${logins.join(', ')}.` : '';
    throw new AgentError({ ...what, fix: what.fix + how }, retryable, { cause: error });
  }
  throw new AgentError(failure('AGENT_UNSUPPORTED', `${connection.title} opened a session without an id.`), false);
}

/** A topic keeps the id, and people type it. */
function noSuchId(title: string, id: string): AgentError {
  const message = `${title} opened a session whose id cannot be used. It has ${id.length} characters and begins with ${JSON.stringify(id.slice(0, 40))}; an id has 1 to ${MAX_ID_LENGTH} printable characters. Nothing was put in.`;
  return new AgentError(
    failure('AGENT_UNSUPPORTED', message, 'Use another version of the agent, or another agent.'),
    false,
  );
}

/**
 * A process that has the session and takes a prompt. undefined: the agent does not have the
 * session. @throws AgentError, Unreachable
 */
export async function takeUp(agent: AcpAgent, session: SessionRef): Promise<SessionRun | undefined> {
  const { home } = agent;
  const { session_id, cwd } = session;
  const there = home.runs.get(session_id);
  if (there?.isReady) {
    there.state = await settle(there.connection, session_id, there.state, session);
    return there;
  }
  return home.start(session_id, async () => {
    const [connection, capabilities] = await connectTo(agent, cwd);
    try {
      const answered = (await home.sessions.get(session_id))?.answered ?? false;
      const loaded = await loadSession(connection, capabilities, session, { answered, keep: false });
      if (loaded)
        return new SessionRun(
          home,
          connection,
          session_id,
          await settle(connection, session_id, loaded.state, session),
        );
    } catch (error) {
      await connection.process.end(true);
      throw error;
    }
    await connection.process.end(true);
    return undefined;
  });
}
