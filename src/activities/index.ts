/** The activities of one host. Only the worker imports this; workflows import only `./types.js`. */
import { join } from 'node:path';
import { Fence } from '../agents/turn/fence.js';
import { AbsentModels } from './absent-models.js';
import { adoptSession } from './adopt-session.js';
import { archiveSession } from './archive-session.js';
import { withWayBack } from './bring-back.js';
import { changedFiles } from './changed-files.js';
import { configuredOf } from './configured.js';
import type { ActivityContext } from './context.js';
import { Directories } from './directories.js';
import { deleteSession } from './delete-session.js';
import { ProviderGate } from './provider-gate.js';
import { notify } from './notify.js';
import { openSession } from './open-session.js';
import { findOrigin } from './find-origin.js';
import { forkSession } from './fork-session.js';
import { readReply } from './read-reply.js';
import { recall } from './recall.js';
import { resolveAgent } from './resolve-agent.js';
import { runChecks } from './run-checks.js';
import { runTurn } from './run-turn.js';
import { stopTurn } from './stop-turn.js';
import type { Activities, RunTurnInput, RunTurnOutput } from './types.js';

type Given = Omit<ActivityContext, 'fence' | 'providers' | 'absentModels' | 'directories' | 'configured'> &
  Partial<Pick<ActivityContext, 'configured'>>;

export function createActivities(given: Given): Activities {
  const context: ActivityContext = {
    ...given,
    configured: configuredOf(given),
    fence: new Fence(),
    providers: new ProviderGate(),
    absentModels: new AbsentModels(),
    directories: new Directories(join(given.config.dataDir, 'directories')),
  };
  return {
    openSession: (input) => openSession(input, context),
    adoptSession: (input) => adoptSession(input, context),
    findOrigin,
    forkSession: (input) => forkSession(input, context),
    resolveAgent: (input) => resolveAgent(input, context),
    changedFiles,
    runTurn: async (input) => {
      const startedAt = performance.now();
      const output = await withWayBack(input, await runTurn(input, context));
      context.log('turn', factsOf(input, output, performance.now() - startedAt));
      return output;
    },
    runChecks: async (input) => {
      const output = await runChecks(input, context);
      const { topic, prompt_id } = input.asked;
      for (const { passed, exit_code, stopped, duration_ms } of output.ran)
        context.log('check', { topic, prompt_id, passed, exit_code, stopped, duration_ms });
      return output;
    },
    stopTurn: (input) => stopTurn(input, context),
    answer: () => Promise.resolve(),
    recall: (input) => recall(input, context),
    readReply: (input) => readReply(input, context),
    deleteSession: (input) => deleteSession(input, context),
    archiveSession: (input) => archiveSession(input, context),
    notify: (input) => notify(input, context),
  };
}

/** One log line per turn: ids and numbers, never the text of a prompt or reply. */
function factsOf(
  { topic, turn, prompt_id, session_id }: RunTurnInput,
  { status, error, attempts, recovered, fell_back_from, usage, waits }: RunTurnOutput,
  ms: number,
) {
  const tokens = usage && usage.input_tokens + usage.output_tokens;
  return {
    topic,
    turn,
    prompt_id,
    session_id,
    // With `waits`, the turn ends so only if the topic does not wait.
    ...(waits ? { waits: waits.for } : { status }),
    code: waits?.for === 'answer' ? undefined : error?.code,
    attempts,
    recovered,
    fell_back_from,
    tokens,
    duration_ms: Math.round(ms),
  };
}
