/**
 * The driver of OpenCode. Each promise is kept in a file of its own: server, turn-state,
 * read-session, put.
 */
import type { AgentConfig } from '../../config.js';
import { defined } from '../../contract/defined.js';
import { childEnvironment } from '../../host/environment.js';
import type { SessionId } from '../../contract/ids.js';
import { type AgentCapabilities, type SessionRef } from '../agent.js';
import type { AgentDriver, DriverContext, NewDriver, PromptKey } from '../driver.js';
import { configOfServer, onServer } from '../shared/one-program.js';
import { asksIn, endAsks } from './asks.js';
import type { Child } from './background.js';
import { besideIn } from './beside.js';
import { allWork, placeOf } from './children.js';
import { compactionIn } from './compaction.js';
import { describeOpenCode } from './describe.js';
import { forkSession } from './fork-session.js';
import { OpenCodeHome } from './home.js';
import { leftRunningIn } from './left-running.js';
import { openSession } from './open-session.js';
import { Following } from './progress.js';
import { put } from './put.js';
import {
  abort,
  deleteSession,
  keyOf,
  readSession,
  setArchived,
  sightOf,
  statusesIn,
  type OpenCodeSight,
} from './read-session.js';
import { everythingIn } from './requests.js';
import { runningIn } from './running.js';
import type { Log } from './server.js';
import { findSession, storedSessions } from './sessions.js';
import { refusalOfSettings } from './settings.js';
import type { Env } from './store.js';
import { interactiveIn, readTranscript } from './transcript.js';
import { supportedProgram } from './version.js';

export interface OpenCodeOptions {
  config: AgentConfig;
  dataDir: string;
  log: Log;
  /**
   * The environment of the server, before `childEnvironment` filters it. Default: this process's.
   */
  env?: Env;
  /** Shared with the other agents of the same data directory. */
  home?: OpenCodeHome;
}

const capabilities: AgentCapabilities = {
  choosesSessionId: true,
  promptIds: true,
  repeatablePut: true,
  reattach: true,
  cancel: true,
  compactsWhenAsked: true,
  usage: 'per_turn',
};

export function newOpenCodeHome({ config, dataDir, log, env: given }: OpenCodeOptions): OpenCodeHome {
  const env = childEnvironment(given);
  const memoryLimit = config.memoryLimitMiB === undefined ? {} : { memoryLimit: config.memoryLimitMiB * 1024 * 1024 };
  return new OpenCodeHome({ dataDir, log, env, program: () => supportedProgram(config.path, env), ...memoryLimit });
}

/** Starts nothing before it is needed. */
export function createOpenCodeDriver(options: OpenCodeOptions): AgentDriver<OpenCodeSight> {
  const { config, home = newOpenCodeHome(options) } = options;
  const { server } = home;
  const env = childEnvironment(options.env);
  const reader = { program: () => supportedProgram(config.path, env), store: server.store, env };
  let closing: Promise<void> | undefined;
  home.retain();
  return {
    capabilities,
    store: server.store,
    storeIsSetBy: 'HOME, XDG_DATA_HOME, OPENCODE_DB',
    log: server.logFile,
    maxPuts: 4,
    check: () => home.checkService(),
    async warm() {
      if (!server.wasUsed()) return;
      await home.checkService();
      await home.connect();
      home.replacement.whenIdle();
    },
    open: (request, signal) => openSession(home, request, signal),
    fork: (request, signal) => forkSession(home, request, signal),
    keyOf,
    async connect() {
      const connection = await home.connect();
      await home.events.open(connection);
      return connection.generation;
    },
    recover: (generation) => server.verify(generation),
    ...turnsIn(home),
    ...asksIn(home),
    compaction: compactionIn(home),
    async delete({ session_id }: SessionRef) {
      await deleteSession(await home.connect(), session_id);
      await home.answers.forget(session_id);
    },
    setArchived: async ({ session_id }, archived) => setArchived(await home.connect(), session_id, archived),
    async priceOf(session, model) {
      if (model === undefined) return undefined;
      const connection = await home.connect();
      const { directory } = await home.placeOf(connection, session);
      return home.prices.of(connection, directory, model);
    },
    leftRunning: (session, since) => leftRunningIn(home, session, since),
    sessions: () => storedSessions(reader),
    find: (session) => findSession(reader, session),
    transcript: async (session) => readTranscript(await supportedProgram(config.path, env), session, env),
    interactive: async (session) => interactiveIn(home, await supportedProgram(config.path, env), session),
    describe: () => describeOpenCode(home, config, env),
    async close({ stop }) {
      // A second call, with `stop`, does not wait for an answer of the server.
      if (closing && stop) return server.stop();
      await (closing ??= home.release(stop));
    },
  };
}

type Turns = 'isBusy' | 'running' | 'look' | 'put' | 'abort' | 'whyRefused' | 'listen';

/** What the turn protocol asks of one session. */
function turnsIn(home: OpenCodeHome): Pick<AgentDriver<OpenCodeSight>, Turns> {
  const following = new Map<PromptKey, Following>();
  /** The sub-agents that worked at the last look at a session whose own agent did not. */
  const background = new Map<SessionId, readonly Child[]>();
  return {
    async isBusy(session) {
      const connection = await home.connect();
      const statuses = await statusesIn(connection, await home.placeOf(connection, session));
      for (const one of following.values()) if (one.session === session.session_id) one.statuses(statuses);
      if ((statuses[session.session_id]?.type ?? 'idle') !== 'idle') return true;
      const working = background.get(session.session_id) ?? [];
      // Once one has ended, only a look says what its end means.
      return working.length > 0 && allWork(connection, working);
    },
    async running(session) {
      const connection = await home.connect();
      const { tools, subAgents } = await runningIn(connection, await home.placeOf(connection, session));
      for (const one of following.values()) if (one.session === session.session_id) one.knows(subAgents);
      return tools;
    },
    async look(session, key, compactsAfter) {
      const connection = await home.connect();
      const place = await home.placeOf(connection, session);
      const read = await readSession(connection, place, key);
      if (!read) return undefined;
      home.logins.see(place, read.messages);
      const beside = await besideIn(connection, place, read, key);
      const working = beside?.children.filter(({ state }) => state === 'works') ?? [];
      background.set(session.session_id, working);
      const sight = sightOf({ ...read, ...defined({ beside, compactsAfter }) }, session.session_id, key);
      return { ...sight, done: () => (key && following.get(key)?.begin(sight.turn.answers)) ?? [] };
    },
    async put(session, prompt, sight) {
      await home.replacement.enter(prompt.key);
      const connection = await home.connect();
      const place = await home.placeOf(connection, session);
      await home.logins.renew(connection, place);
      return put(connection, place, session, prompt, sight);
    },
    abort: (session) => abortWith(home, session, background.get(session.session_id) ?? []),
    async whyRefused(session) {
      const connection = await home.connect();
      const { directory } = await home.placeOf(connection, session);
      return refusalOfSettings(connection, directory, session);
    },
    listen(session, key, on) {
      const mine = new Following(session.session_id, key, on);
      following.set(key, mine);
      const stop = home.events.listen((event) => mine.event(event));
      return () => {
        stop();
        home.replacement.leave(key);
        if (following.get(key) === mine) following.delete(key);
      };
    },
  };
}

/** Stops the turn, what its sub-agents do, and what they ask. */
async function abortWith(home: OpenCodeHome, session: SessionRef, background: readonly Child[]): Promise<void> {
  const connection = await home.connect();
  const place = await home.placeOf(connection, session);
  const waiting = await everythingIn(connection, place);
  await abort(connection, place);
  for (const child of background) await abort(connection, placeOf(child));
  await endAsks(connection, place, waiting);
}

/**
 * Makes drivers. All of them share one server, with the program of these names.
 *
 * @throws AgentError CONFIG_INVALID when the names have different programs
 */
export function openCodeDrivers(configs: ReadonlyMap<string, AgentConfig>, context: DriverContext): NewDriver {
  const server = configOfServer(configs) ?? { kind: 'opencode' };
  const home = newOpenCodeHome({ config: server, ...context });
  return (name, config) => createOpenCodeDriver({ config: onServer(name, config, server), home, ...context });
}
