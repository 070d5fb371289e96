/**
 * The driver of Codex. Each promise is kept in a file of its own: server, threads, rollout,
 * turn-state, read-session, put.
 */
import type { AgentConfig } from '../../config.js';
import { childEnvironment } from '../../host/environment.js';
import { type AgentCapabilities } from '../agent.js';
import type { SessionId } from '../../contract/ids.js';
import type { AgentDriver, AgentSignal, DriverContext, NewDriver, PromptKey } from '../driver.js';
import { configOfServer, onServer } from '../shared/one-program.js';
import { setArchived } from './archive.js';
import { answerAsk, asksIn } from './asks.js';
import { compactionIn } from './compaction.js';
import { describeCodex } from './describe.js';
import { forkSession } from './fork-session.js';
import { CodexHome } from './home.js';
import { keyOf } from './ids.js';
import { leftRunningIn } from './left-running.js';
import { openSession } from './open-session.js';
import { doneIn, Following } from './progress.js';
import { put } from './put.js';
import { RunningCalls } from './running.js';
import { lookAt, type CodexSight } from './read-session.js';
import { findSession, storedSessions } from './sessions.js';
import { abort, deleteThread } from './stop.js';
import { interactiveIn, readTranscript } from './transcript.js';
import { supportedProgram } from './version.js';

export interface CodexOptions extends Pick<DriverContext, 'folder' | 'log' | 'env'> {
  config: AgentConfig;
  /** Shared with the other agents of the same data directory. */
  home?: CodexHome;
}

const capabilities: AgentCapabilities = {
  choosesSessionId: false,
  promptIds: true,
  repeatablePut: false,
  reattach: true,
  cancel: true,
  compactsNext: true,
  compactsWhenAsked: true,
  usage: 'per_turn',
};

export function newCodexHome({ config, folder, log, env: given }: CodexOptions): CodexHome {
  const env = childEnvironment(given);
  return new CodexHome({ folder, log, env, program: () => supportedProgram(config.path, env) });
}

/** Starts nothing before it is needed. */
export function createCodexDriver(options: CodexOptions): AgentDriver<CodexSight> {
  const { config, home = newCodexHome(options) } = options;
  const { server, threads } = home;
  const env = childEnvironment(options.env);
  const calls = new RunningCalls();
  let closing: Promise<void> | undefined;
  home.retain();
  return {
    capabilities,
    store: server.store,
    storeIsSetBy: 'HOME, CODEX_HOME',
    log: server.logFile,
    maxPuts: 4,
    check: () => home.renewLogin(),
    async warm() {
      if (!server.wasUsed()) return;
      await home.connect();
      home.replacement.whenIdle();
    },
    open: (request, signal) => openSession(home, request, signal),
    fork: (request, signal) => forkSession(home, request, signal),
    keyOf,
    connect: async () => (await home.connect()).generation,
    recover: (generation) => server.verify(generation),
    async isBusy(session) {
      const thread = await threads.resume(await home.connect(), session);
      return thread === 'elsewhere' || (typeof thread === 'object' && thread.isActive);
    },
    async look(session, key) {
      const sight = await lookAt(home, session, key);
      return sight && { ...sight, done: () => doneIn(sight.turn.turns) };
    },
    compaction: compactionIn(home),
    running: ({ session_id }) => calls.in(session_id, threads.rolloutOf(session_id)),
    put: (session, prompt, sight) => put(home, session, prompt, sight),
    abort: (session) => abort(home, session),
    asks: (session) => asksIn(home, session),
    answer: (session, ask, answer) => answerAsk(home, session, ask, answer),
    listen({ session_id }, key, on) {
      const stop = listenTo(home, session_id, key, on);
      return () => {
        stop();
        calls.forget(session_id);
      };
    },
    leftRunning: ({ session_id }, since) => leftRunningIn(server, session_id, since),
    delete: async ({ session_id }) => deleteThread(await home.connect(), session_id),
    setArchived: ({ session_id }, archived) => setArchived(home, session_id, archived),
    sessions: () => storedSessions(server.store),
    find: (session) => findSession(server.store, session),
    transcript: (session) => readTranscript(server.store, session),
    interactive: async (session) =>
      interactiveIn(await supportedProgram(config.path, env), await server.socket(), session, server.store),
    describe: () => describeCodex({ store: server.store, log: server.logFile }, config, env),
    async close({ stop }) {
      // A second call, with `stop`, does not wait for an answer of the server.
      if (closing && stop) return server.stop();
      await (closing ??= home.release(stop));
    },
  };
}

function listenTo(home: CodexHome, session: SessionId, key: PromptKey, on: (signal: AgentSignal) => void): () => void {
  const following = new Following(session, key, on);
  const stop = home.listen((notice) => following.notice(notice));
  home.follow(session);
  return () => {
    stop();
    home.replacement.leave(key);
    home.unfollow(session);
  };
}

/**
 * Makes drivers. All of them share one server, with the program of these names.
 *
 * @throws AgentError CONFIG_INVALID when the names have different programs
 */
export function codexDrivers(configs: ReadonlyMap<string, AgentConfig>, context: DriverContext): NewDriver {
  const server = configOfServer(configs) ?? { kind: 'codex' };
  const home = newCodexHome({ config: server, ...context });
  return (name, config) => createCodexDriver({ config: onServer(name, config, server), home, ...context });
}
