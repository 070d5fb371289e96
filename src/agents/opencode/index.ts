/** OpenCode as an agent. What each promise rests on stands in the file that keeps it: server, turn-state, decide, run-turn. */
import type { AgentConfig } from '../../config.js';
import type { Agent, AgentCapabilities, AgentDescription } from '../agent.js';
import { AgentError } from '../agent.js';
import { childEnvironment } from '../../host/environment.js';
import { cancelTurn } from './cancel-turn.js';
import { describeOpenCode } from './describe.js';
import { OpenCodeHome } from './home.js';
import { interfaceOf, readTranscript } from './in-person.js';
import { deleteSession, findSession } from './look.js';
import { openSession } from './open-session.js';
import { runTurn } from './run-turn.js';
import type { Log } from './server.js';
import type { Env } from './store.js';
import { supportedProgram } from './version.js';

export interface OpenCodeOptions {
  name: string;
  config: AgentConfig;
  dataDir: string;
  log: Log;
  /** What the server inherits, as `childEnvironment` has it. Default: this process's environment. */
  env?: Env;
  /** Shared with other names of the same data directory. */
  home?: OpenCodeHome;
  /** A turn that takes more steps is stopped: an unknown finish reason makes OpenCode ask the model for ever. Default: 500. */
  maxSteps?: number;
}

const capabilities: AgentCapabilities = { choosesSessionId: true, promptIds: true, reattach: true, cancel: true, usage: 'per_turn' };

export function newOpenCodeHome({ config, dataDir, log, env: given }: Omit<OpenCodeOptions, 'name'>): OpenCodeHome {
  const env = childEnvironment(given);
  return new OpenCodeHome({ dataDir, log, env, program: () => supportedProgram(config.path, env) });
}

/** Nothing is started before it is needed. */
export function createOpenCode(options: OpenCodeOptions): Agent {
  const { name, config, home = newOpenCodeHome(options), maxSteps = 500 } = options;
  const env = childEnvironment(options.env);
  let closing: Promise<void> | undefined;
  home.retain();
  return {
    name,
    capabilities,
    async warm() {
      if (!home.server.wasUsed()) return;
      await home.checkService();
      await home.connect();
    },
    async open(request, signal) {
      await home.checkService();
      return openSession(home, { ...defaultsOf(config), ...request }, signal);
    },
    async *turn(request, signal) {
      await home.checkService();
      const fence = await home.fences.enter(request.session.session_id);
      try {
        yield* runTurn(home, request, AbortSignal.any([signal, fence.signal]), maxSteps);
      } finally {
        fence.release();
      }
    },
    cancel: (session, signal) => cancelTurn(home, session, signal),
    async delete(session, signal) {
      await cancelTurn(home, session, signal);
      await home.withServer((connection) => deleteSession(connection, session.session_id), signal);
    },
    async inspect(session, signal) {
      if (session.store !== home.server.store) return 'unknown';
      try {
        return (await home.withServer((connection) => findSession(connection, session.session_id), signal)) ? 'exists' : 'missing';
      } catch (error) {
        if (error instanceof AgentError && error.retryable) return 'unknown';
        throw error;
      }
    },
    transcript: async (session) => readTranscript(home, await supportedProgram(config.path, env), session, env),
    interface: async (session) => interfaceOf(home, await supportedProgram(config.path, env), session),
    describe: (): Promise<AgentDescription> => describeOpenCode(home, config, env),
    async close({ stop }) {
      // A caller that asks again with `stop` no longer waits for an answer of the server.
      if (closing && stop) return home.server.stop();
      await (closing ??= home.release(stop));
    },
  };
}

function defaultsOf({ model, variant, mode }: AgentConfig): Pick<AgentConfig, 'model' | 'variant' | 'mode'> {
  return { ...(model !== undefined && { model }), ...(variant !== undefined && { variant }), ...(mode !== undefined && { mode }) };
}
