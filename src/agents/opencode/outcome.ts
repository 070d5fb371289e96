/** From a turn that ended in the session to the outcome that we report. */
import { failure, type Failure } from '../../contract/failures.js';
import type { Recovery } from '../../contract/types.js';
import type { AgentOutcome } from '../agent.js';
import { failureOf, isAbort } from './failures.js';
import type { StoredAnswer, TurnState } from './turn-state.js';
import { usageOf } from './usage.js';

/** `maxSteps`: a turn that was aborted after more steps than that was aborted for it. */
export function outcomeOfEnded(turn: TurnState, session: string, maxSteps: number, recovered?: Recovery): AgentOutcome {
  const error = turn.last?.info.error;
  if (isAbort(error) && turn.answers.length > maxSteps) return failedOutcome(runawayFailure(turn, session), turn, recovered);
  if (isAbort(error)) return cancelledOutcome(turn, session, recovered);
  if (error) return failedOutcome(failureOf(error, session), turn, recovered);
  const reply = replyOf(turn.answers);
  const worked = turn.answers.some(({ parts }) => parts.some(({ type }) => type === 'tool'));
  if (!reply && !worked) return failedOutcome(failure('EMPTY_REPLY', `The model answered nothing at all in session ${session}.`), turn, recovered);
  return { status: 'completed', ...factsOf(turn, recovered) };
}

export function failedOutcome(error: Failure, turn: TurnState, recovered?: Recovery): AgentOutcome {
  return { status: 'failed', error, ...factsOf(turn, recovered) };
}

export function runawayFailure(turn: TurnState, session: string): Failure {
  return failure('MODEL_FAILED', `The model was stopped in session ${session}: after ${turn.answers.length} steps in one turn it had not come to an end.`);
}

export function cancelledOutcome(turn: TurnState, session: string, recovered?: Recovery): AgentOutcome {
  return { status: 'cancelled', error: failure('CANCELLED', `The turn in session ${session} was cancelled.`), ...factsOf(turn, recovered) };
}

function factsOf(turn: TurnState, recovered: Recovery | undefined): Omit<AgentOutcome, 'status' | 'error'> {
  const last = turn.last?.info;
  return {
    reply: replyOf(turn.answers),
    ...(last && { model: `${last.providerID}/${last.modelID}`, usage: usageOf(turn.answers.map(({ info }) => info)) }),
    ...(recovered && { recovered }),
  };
}

/** The text of the last step that has one. */
function replyOf(answers: StoredAnswer[]): string {
  const texts = answers
    .filter(({ info }) => !info.summary)
    .map(({ parts }) => parts.flatMap((part) => (part.type === 'text' && !part.synthetic && !part.ignored ? [part.text] : [])).join('\n').trim());
  return texts.findLast((text) => text !== '') ?? '';
}
