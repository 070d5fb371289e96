/**
 * Any agent that speaks ACP (version 1). Each promise rests on the file that keeps it:
 * agent-process (nothing is left of it), load (the same session), read-session and put (once, or
 * not known), session-run (the end is noted), open-asks (what it asks waits for a person).
 */
import { join } from 'node:path';
import { RequestError } from '@agentclientprotocol/sdk';
import type { AgentConfig } from '../../config.js';
import { failure } from '../../contract/failures.js';
import { AgentError, type AgentCapabilities, type SessionRef } from '../agent.js';
import type { AgentDriver, DriverContext, NewDriver } from '../driver.js';
import { describeAcp } from './describe.js';
import { failureOfCall, isMissing } from './failures.js';
import { AcpHome, type Timing } from './home.js';
import { digestOf, keyOf, storeOf } from './ids.js';
import { put } from './put.js';
import { lookAt, workingIn } from './read-session.js';
import { connectTo, openSession, type AcpAgent } from './session.js';
import { readTranscript } from './transcript.js';

const capabilities: AgentCapabilities = {
  choosesSessionId: false,
  promptIds: false,
  repeatablePut: false,
  reattach: false,
  cancel: true,
  usage: 'none',
};

/** Nothing is started before it is needed. */
export function createAcpDriver(agent: AcpAgent): AgentDriver {
  const { home, config, name } = agent;
  let closing: Promise<void> | undefined;
  home.retain();
  return {
    capabilities,
    store: storeOf(config.command ?? []),
    storeIsSetBy: `agents.${name}.command in continuity.config`,
    log: home.logFile,
    maxPuts: 1,
    check: () => home.prepare(),
    open: (request) => openSession(agent, request),
    keyOf,
    async connect() {
      await home.prepare();
      return 0; // A process that is replaced takes its turn with it, and nothing was seen through it.
    },
    recover: () => Promise.resolve(),
    isBusy: (session) => Promise.resolve(workingIn(agent, session) !== undefined),
    running: (session) => Promise.resolve(workingIn(agent, session)?.said.running ?? []),
    look: (session, key) => lookAt(agent, session, key),
    put: (session, prompt) => put(agent, session, prompt),
    abort: (session) => Promise.resolve(workingIn(agent, session)?.stop()),
    asks: (session) => Promise.resolve(workingIn(agent, session)?.asks.all ?? []),
    answer: (session, ask, answer) => Promise.resolve().then(() => workingIn(agent, session)?.asks.answer(ask, answer)),
    listen: ({ session_id }, _key, on) => home.listen(session_id, on),
    delete: (session) => deleteSession(agent, session),
    transcript: (session) => readTranscript(agent, session),
    interactive: (session) => Promise.reject(notInteractive(agent, session)),
    describe: () => describeAcp(agent),
    async close({ stop }) {
      if (closing && stop) return home.endAll();
      await (closing ??= home.release(stop));
    },
  };
}

/** Each agent has a home of its own: an agent may number its sessions, so two can have the same ids. */
export function acpDrivers(
  _configs: ReadonlyMap<string, AgentConfig>,
  context: Pick<DriverContext, 'folder' | 'log' | 'env'>,
  timing?: Partial<Timing>,
): NewDriver {
  const homes = new Map<string, AcpHome>();
  return (name, config) => {
    const store = storeOf(config.command ?? []);
    const home = homes.get(store) ?? new AcpHome({ ...context, folder: join(context.folder, digestOf(store)) }, timing);
    homes.set(store, home);
    return createAcpDriver({ name, config, home });
  };
}

async function deleteSession(agent: AcpAgent, { session_id, cwd }: SessionRef): Promise<void> {
  const [connection, can] = await connectTo(agent, cwd);
  try {
    if (!can.delete)
      throw new AgentError(
        failure(
          'AGENT_UNSUPPORTED',
          `${connection.title} cannot delete a session through ACP.`,
          `Delete session ${session_id} in the agent itself.`,
        ),
        false,
      );
    await connection.call('session/delete', { sessionId: session_id });
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    if (isMissing(error, session_id)) return;
    const { failure: what, retryable } = failureOfCall(error, connection.title, `delete session ${session_id}`);
    throw new AgentError(what, retryable, { cause: error });
  } finally {
    await connection.process.end(true);
  }
}

function notInteractive({ name }: AcpAgent, { session_id }: SessionRef): AgentError {
  const message = `ACP does not say how ${name} opens a session for a person.`;
  return new AgentError(
    failure('AGENT_UNSUPPORTED', message, `Start ${name} yourself and take up session ${session_id} there.`),
    false,
  );
}
