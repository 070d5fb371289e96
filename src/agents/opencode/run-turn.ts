/**
 * One prompt, from the first look at its session to its outcome.
 *
 * 1. It looks before it does anything, and after everything it does.
 * 2. The prompt is posted only while the session does not show it as finished or overtaken; every post has the same ids.
 * 3. It never aborts a request: it stops between two, so nothing is under way once it has ended.
 */
import type { AgentOutcome, TurnEvent, TurnRequest } from '../agent.js';
import { AgentError } from '../agent.js';
import { failure } from '../../contract/failures.js';
import { Attempt } from './attempt.js';
import { CallFailed } from './calls.js';
import type { OpenCodeHome } from './home.js';

/** Long enough for a boot or two; after that another attempt, later, is better. */
const GIVE_UP_AFTER_MS = 90_000;
const MAX_RESTARTS = 8;
const PROGRESS_EVERY_MS = 250;

export async function* runTurn(home: OpenCodeHome, request: TurnRequest, signal: AbortSignal, maxSteps: number): AsyncGenerator<TurnEvent> {
  home.checkStore(request.session);
  const attempt = new Attempt(home, request, maxSteps);
  const wake = () => attempt.bell.ring();
  signal.addEventListener('abort', wake);
  try {
    let failingSince: number | undefined;
    for (;;) {
      signal.throwIfAborted();
      if (attempt.restarts > MAX_RESTARTS) throw crashed(attempt.restarts, request, home);
      let next: AgentOutcome | number;
      try {
        next = await attempt.step();
        failingSince = undefined;
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        failingSince ??= Date.now();
        if (Date.now() - failingSince > GIVE_UP_AFTER_MS) throw home.unreachable(error);
        await attempt.verify();
        next = 500;
      }
      if (typeof next === 'object') {
        yield { type: 'outcome', outcome: next };
        return;
      }
      for (const end = Date.now() + next; !attempt.bell.rung && Date.now() < end; ) {
        await attempt.bell.wait(Math.min(PROGRESS_EVERY_MS, end - Date.now()));
        const progress = signal.aborted ? undefined : attempt.takeProgress();
        if (progress) yield { type: 'progress', progress };
      }
      attempt.bell.reset();
    }
  } finally {
    signal.removeEventListener('abort', wake);
    attempt.close();
  }
}

function crashed(times: number, { session }: TurnRequest, home: OpenCodeHome): AgentError {
  return new AgentError(failure('AGENT_CRASHED', `OpenCode died ${times} times in one turn of session ${session.session_id}. Its log is ${home.server.logFile}.`), true);
}
