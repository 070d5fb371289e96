/** The activities of one host. Imported by the worker; workflows import `./types.js` only. */
import type { Agent } from '../agents/agent.js';
import type { Config } from '../config.js';
import { Fence } from './fence.js';
import type { IsCheckProof } from './may-check.js';
import { deleteSession } from './delete-session.js';
import { openSession } from './open-session.js';
import { recall } from './recall.js';
import { runChecks } from './run-checks.js';
import { runTurn } from './run-turn.js';
import { stopTurn } from './stop-turn.js';
import type { TurnSlots } from './turn-slots.js';
import type { Activities, RunTurnInput, RunTurnOutput } from './types.js';

export type Log = (message: string, facts?: object) => void;

export interface ActivityContext {
  config: Config;
  agents: ReadonlyMap<string, Agent>;
  host: string;
  projectOf: (cwd: string) => Promise<string>;
  isCheckProof: IsCheckProof;
  log: Log;
  fence: Fence;
  /** How many turns work at once on this host. Absent: any number. */
  turnSlots?: TurnSlots;
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
    runChecks: async (input) => {
      const output = await runChecks(input, context);
      const { topic, prompt_id } = input.asked;
      for (const { passed, exit_code, stopped, duration_ms } of output.ran) context.log('check', { topic, prompt_id, passed, exit_code, stopped, duration_ms });
      return output;
    },
    stopTurn: (input) => stopTurn(input, context),
    answer: () => Promise.resolve(),
    recall,
    deleteSession: (input) => deleteSession(input, context),
  };
}

/** One line of log per turn: ids and numbers, never what was said. */
function factsOf({ topic, turn, prompt_id, session_id }: RunTurnInput, { status, error, attempts, recovered, usage }: RunTurnOutput, ms: number) {
  const tokens = usage && usage.input_tokens + usage.output_tokens;
  return { topic, turn, prompt_id, session_id, status, code: error?.code, attempts, recovered, tokens, duration_ms: Math.round(ms) };
}
