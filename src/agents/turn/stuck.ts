import { failure, type Failure } from '../../contract/failures.js';
import { AgentError, type SessionRef } from '../agent.js';
import type { AgentDriver, Sight } from '../driver.js';
import { runaway } from './outcomes.js';

interface Seen {
  sight: Sight;
  /** How often the prompt was put in or its turn continued. */
  puts: number;
  /** Why the agent gave the turn up, if it said so. */
  gaveUp: Failure | undefined;
}

/**
 * The failure of a turn that makes no progress, whatever was tried.
 *
 * @throws AgentError that is retryable when the agent could not even store the prompt
 */
export async function whyStuck(
  { driver, maxSteps }: { driver: AgentDriver; maxSteps: number },
  session: SessionRef,
  { sight, puts, gaveUp }: Seen,
): Promise<Failure> {
  const refusal =
    sight.steps > maxSteps ? runaway(sight.steps, session.session_id) : await driver.whyRefused?.(session);
  const reason = refusal ?? gaveUp;
  // The agent did not store the prompt: its store is locked, or its disk full. No model has failed, so
  // a later attempt may succeed.
  if (!refusal && reason && sight.prompt === 'absent')
    throw new AgentError(failure('AGENT_CRASHED', `The agent did not take the prompt. ${reason.message}`), true);
  const silent = `The agent stopped in the middle of the turn in session ${session.session_id} and gave no reason. It was asked ${puts} times to go on.`;
  return reason ?? failure('OUTCOME_UNKNOWN', silent);
}
