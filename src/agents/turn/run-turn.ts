/**
 * Runs one prompt, from the first look at its session to its outcome.
 *
 * 1. It looks before it does anything, and after everything that it does.
 * 2. It puts the prompt in only while the session shows it neither as ended nor as overtaken, and
 *    under the same key every time.
 * 3. It never aborts a request. It stops between two requests, so nothing is under way once it has
 *    ended.
 */
import { failure } from '../../contract/failures.js';
import { AgentError, type TurnEvent, type TurnRequest } from '../agent.js';
import { Unreachable, type AgentDriver } from '../driver.js';
import { unreachable } from '../shared/patiently.js';
import type { Attempt, Step, TurnContext } from './attempt.js';
import { noteBegin, withLeftBehind } from './left-behind.js';

/**
 * Long enough for the agent to start once or twice. After this time, a later attempt has better
 * chances.
 */
const GIVE_UP_AFTER_MS = 90_000;
const TRY_AGAIN_AFTER_MS = 500;
const MAX_RESTARTS = 8;
const PROGRESS_EVERY_MS = 250;

/** `attempt` was made before anything was awaited, so that a cancel reaches it from the start. */
export async function* runTurn(
  attempt: Attempt,
  request: TurnRequest,
  context: TurnContext,
  signal: AbortSignal,
): AsyncGenerator<TurnEvent> {
  const { driver } = context;
  const key = driver.keyOf(request.session, request.prompt_id);
  const wake = () => attempt.wakeUp.wake();
  signal.addEventListener('abort', wake);
  try {
    await noteBegin(context, key);
    let failingSince: number | undefined;
    for (;;) {
      signal.throwIfAborted();
      if (attempt.restarts > MAX_RESTARTS) throw crashed(attempt.restarts, request, driver);
      let next: Step;
      try {
        next = await attempt.step();
        failingSince = undefined;
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        failingSince ??= Date.now();
        if (Date.now() - failingSince > GIVE_UP_AFTER_MS) throw unreachable(error, driver);
        await attempt.recover();
        next = TRY_AGAIN_AFTER_MS;
      }
      const tools = attempt.takeRunning();
      if (tools) yield { type: 'running', tools };
      for (const answered of attempt.takeAnswered()) yield { type: 'answered', answered };
      if (typeof next === 'object') {
        if ('ask' in next) yield { type: 'asked', ask: next.ask };
        else yield { type: 'outcome', outcome: await withLeftBehind(next, request, context, key) };
        return;
      }
      const end = Date.now() + next;
      do {
        await attempt.wakeUp.wait(Math.min(PROGRESS_EVERY_MS, Math.max(end - Date.now(), 0)));
        const progress = signal.aborted ? undefined : attempt.takeProgress();
        if (progress) yield { type: 'progress', progress };
      } while (!attempt.wakeUp.called && Date.now() < end);
      attempt.wakeUp.reset();
    }
  } finally {
    signal.removeEventListener('abort', wake);
  }
}

function crashed(times: number, { session }: TurnRequest, { log }: AgentDriver): AgentError {
  return new AgentError(
    failure(
      'AGENT_CRASHED',
      `The agent died ${times} times in one turn of session ${session.session_id}. Its log is ${log}.`,
    ),
    true,
  );
}
