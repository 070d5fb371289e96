/**
 * The driver of Claude Code. Each promise is kept in a file of its own: runs (one process a
 * session), turn-state, read-session, put, opened, gate (what is asked).
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentConfig } from '../../config.js';
import type { AgentCapabilities } from '../agent.js';
import type { AgentDriver, DriverContext, NewDriver } from '../driver.js';
import { startedSince } from '../../host/leftovers.js';
import { AGENT_MARKER } from '../../host/process-tree.js';
import { answerIn, asksIn } from './asks.js';
import { compactionIn } from './compaction.js';
import { describeClaude } from './describe.js';
import { ClaudeHome } from './home.js';
import { isSessionId, keyOf } from './ids.js';
import { refusalByHook } from './last-words.js';
import { forkSession, openSession } from './open-session.js';
import { supportedClaude } from './program.js';
import { Following } from './progress.js';
import { put } from './put.js';
import { lookAt, type ClaudeSight } from './read-session.js';
import { findSession, storedSessions } from './sessions.js';
import { sessionFileOf } from './store.js';
import { interactiveIn, readTranscript } from './transcript.js';

const capabilities: AgentCapabilities = {
  choosesSessionId: true,
  promptIds: true,
  repeatablePut: false,
  reattach: true,
  cancel: true,
  compactsWhenAsked: true,
  usage: 'per_turn',
};

/** Starts nothing before it is needed. */
export function createClaudeDriver(config: AgentConfig, home: ClaudeHome): AgentDriver<ClaudeSight> {
  const program = () => supportedClaude(config.path, home.env);
  return {
    capabilities,
    store: home.store,
    storeIsSetBy: 'HOME, CLAUDE_CONFIG_DIR',
    log: join(home.folder, 'runs'),
    maxPuts: 6,
    check: () => home.prepare(),
    async open(request, signal) {
      await program();
      signal.throwIfAborted();
      return openSession(home, config, request);
    },
    async fork(request, signal) {
      await program();
      signal.throwIfAborted();
      return forkSession(home, config, request);
    },
    keyOf: ({ session_id }, prompt) => keyOf(session_id, prompt),
    connect: ({ session_id }) => Promise.resolve(home.killsIn(session_id)),
    recover: () => Promise.resolve(),
    isBusy: async ({ session_id }) =>
      home.runs.of(session_id) !== undefined || (await home.otherOn(session_id)) !== undefined,
    running: ({ session_id }) => Promise.resolve(home.runningIn(session_id)),
    look: (session, key) => lookAt(home, session, key),
    put: async (session, prompt, sight) => put(home, await program(), config, session, prompt, sight),
    abort: ({ session_id }) => home.runs.stop(session_id),
    compaction: compactionIn(home, program, config),
    asks: ({ session_id }) => asksIn(home.runs, session_id),
    answer: ({ session_id }, ask, answer) => answerIn(home.runs, session_id, ask, answer),
    whyRefused: ({ session_id }) => refusalByHook(home.runs.outputOf(session_id), session_id),
    listen: (session, _key, on) => home.follow(new Following(session.session_id, home.runs, on)),
    leftRunning: ({ session_id }, since) =>
      startedSince(
        since,
        (environment) => `${AGENT_MARKER}=${environment[AGENT_MARKER]}` === home.runs.markerOf(session_id),
      ),
    async delete(session) {
      if (!isSessionId(session.session_id)) return;
      const file = await sessionFileOf(home.store, session);
      await rm(file, { force: true });
      // The files of its sub-agents.
      await rm(file.replace(/\.jsonl$/, ''), { recursive: true, force: true });
      await home.runs.forget(session.session_id);
    },
    sessions: () => storedSessions(home.store),
    find: (session) => findSession(home.store, session),
    transcript: (session) => readTranscript(home.store, session),
    interactive: async (session) => interactiveIn(await program(), session),
    describe: () => describeClaude(home, config),
    close: ({ stop }) => (stop ? home.runs.stopAll() : Promise.resolve()),
  };
}

/** Makes drivers. All of them share the sessions of one store. */
export function claudeCodeDrivers(
  _configs: ReadonlyMap<string, AgentConfig>,
  { folder, log, env = process.env }: Pick<DriverContext, 'folder' | 'log' | 'env'>,
): NewDriver {
  const home = new ClaudeHome(folder, env, log);
  return (_name, config) => createClaudeDriver(config, home);
}
