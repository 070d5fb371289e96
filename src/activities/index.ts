/** The activities of one host. Imported by the worker; workflows import `./types.js` only. */
import type { Agent } from '../agents/agent.js';
import type { Config } from '../config.js';
import { Fence } from './fence.js';
import { openSession } from './open-session.js';
import { runTurn } from './run-turn.js';
import type { Activities, RunTurnInput, RunTurnOutput } from './types.js';

export type Log = (message: string, facts?: object) => void;

export interface ActivityContext {
  config: Config;
  agents: ReadonlyMap<string, Agent>;
  host: string;
  projectOf: (cwd: string) => Promise<string>;
  log: Log;
  fence: Fence;
}

export function createActivities(given: Omit<ActivityContext, 'fence'>): Activities {
  const context = { ...given, fence: new Fence() };
  return {
    openSession: (input) => openSession(input, context),
    runTurn: async (input) => {
      const startedAt = performance.now();
      const output = await runTurn(input, context);
      context.log('turn', factsOf(input, output, performance.now() - startedAt));
      return output;
    },
  };
}

/** One line of log per turn: ids and numbers, never what was said. */
function factsOf({ topic, turn, prompt_id, session_id }: RunTurnInput, { status, error, attempts, recovered, usage }: RunTurnOutput, ms: number) {
  const tokens = usage && usage.input_tokens + usage.output_tokens;
  return { topic, turn, prompt_id, session_id, status, code: error?.code, attempts, recovered, tokens, duration_ms: Math.round(ms) };
}
