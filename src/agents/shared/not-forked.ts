/** The reasons for which a session can't be copied. */
import { failure } from '../../contract/failures.js';
import { AgentError, type SessionRef } from '../agent.js';

export function originalIsLost({ session_id, store }: SessionRef): AgentError {
  return new AgentError(
    failure(
      'SESSION_LOST',
      `Session ${session_id} is not in ${store}, so it cannot be copied.`,
      'Name another session of the topic, or leave out --fork (fork).',
    ),
    false,
  );
}

/** `what`: the part that the session lacks. */
export function nothingToCopy({ session_id }: SessionRef, what: string): AgentError {
  return new AgentError(
    failure(
      'OUTCOME_UNKNOWN',
      `Session ${session_id} does not have ${what}, so no copy can end there.`,
      'Name another turn (--at), or leave it out.',
    ),
    false,
  );
}
