/** Makes the reported outcome from what a session shows of a turn. */
import type { Ask } from '../../contract/asks.js';
import { defined } from '../../contract/defined.js';
import { failure, type Failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import type { Recovery } from '../../contract/types.js';
import type { AgentOutcome, Stop, TurnRequest } from '../agent.js';
import type { Sight } from '../driver.js';

/** A cancelled turn with more than `maxSteps` steps was stopped for that reason. */
export function harvested(sight: Sight, session: SessionId, maxSteps: number, recovered?: Recovery): AgentOutcome {
  const { status, error, until, refused } = sight.end ?? { status: 'failed' };
  if (status === 'cancelled')
    return sight.steps > maxSteps
      ? failed(runaway(sight.steps, session), sight, recovered)
      : cancelled(sight, session, recovered);
  return {
    status,
    ...defined({ error, until, refused }),
    ...(status === 'failed' && sight.superseded && { overtaken: true as const }),
    ...factsOf(sight, recovered),
  };
}

export function failed(error: Failure, sight: Sight, recovered?: Recovery): AgentOutcome {
  return { status: 'failed', error, ...factsOf(sight, recovered) };
}

/** What becomes of a turn that may not go on as it is. */
export function stoppedAt(over: Stop, sight: Sight): AgentOutcome | { ask: Ask } {
  return 'ask' in over ? { ask: over.ask } : failed(over.denied, sight);
}

export function cancelled(sight: Sight, session: SessionId, recovered?: Recovery): AgentOutcome {
  return {
    status: 'cancelled',
    error: failure('CANCELLED', `The turn in session ${session} was cancelled.`),
    ...factsOf(sight, recovered),
  };
}

export function runaway(steps: number, session: SessionId): Failure {
  return failure(
    'MODEL_FAILED',
    `The model was stopped in session ${session}, because it had not finished after ${steps} steps in one turn.`,
  );
}

export function lost(session: SessionId, store: string): AgentOutcome {
  const error = failure('SESSION_LOST', `Session ${session} is no longer in the store ${store}.`);
  return { status: 'failed', reply: '', error };
}

/** The session has another text under this id. The turn of that text is left alone. */
export function reused({ session, prompt_id }: TurnRequest): AgentOutcome {
  const message = `Session ${session.session_id} has another text under prompt_id ${prompt_id}.`;
  return { status: 'failed', reply: '', error: failure('PROMPT_ID_REUSED', message) };
}

/** What became of a prompt that was put in, or may have been. */
export function unknown({ superseded }: Sight, session: SessionId): Failure {
  const message = superseded
    ? `A later prompt overtook this one in session ${session} before it had ended.`
    : `The prompt may have been put into session ${session}, and this agent cannot say what became of it.`;
  return failure('OUTCOME_UNKNOWN', message);
}

function factsOf(sight: Sight, recovered: Recovery | undefined) {
  return { ...sight.said(), ...(recovered && { recovered }) };
}
