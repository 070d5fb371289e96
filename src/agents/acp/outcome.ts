/** How a turn ended, from what its agent answered: pure. */
import { RequestError } from '@agentclientprotocol/sdk';
import * as z from 'zod';
import { defined } from '../../contract/defined.js';
import { failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import type { Sight } from '../driver.js';
import { cutOff } from '../shared/cut-off.js';
import { failureOfTurn, refusedIn } from './failures.js';
import type { Said } from './updates.js';

export type End = NonNullable<Sight['end']>;

const Answer = z.looseObject({ stopReason: z.string() });

/** Of the answer to `session/prompt`. */
export function endOf(answer: unknown, said: Pick<Said, 'reply' | 'tools'>, agent: string, session: SessionId): End {
  const reason = Answer.safeParse(answer).data?.stopReason;
  const failed = (message: string): End => ({ status: 'failed', error: failure('MODEL_FAILED', message) });
  switch (reason) {
    case 'end_turn':
      if (said.reply !== '' || said.tools > 0) return { status: 'completed' };
      return {
        status: 'failed',
        error: failure('EMPTY_REPLY', `${agent} answered nothing at all in session ${session}.`),
      };
    case 'cancelled':
      return { status: 'cancelled' };
    case 'max_tokens':
      return { status: 'failed', error: cutOff('length', session) };
    case 'max_turn_requests':
      return failed(`${agent} stopped in session ${session}: the turn reached the number of requests that it allows.`);
    case 'refusal':
      return { status: 'failed', error: cutOff('filter', session) };
    case undefined:
      return unknown(`${agent} ended the turn in session ${session} and did not say how.`);
    default:
      return failed(`${agent} stopped in session ${session} for a reason that is not known here: ${reason}.`);
  }
}

/** `why`: what became of the agent. Absent: it has answered with this error. */
export function endOfError(error: unknown, why: string | undefined, agent: string, session: SessionId): End {
  if (why === undefined && error instanceof RequestError) {
    const failed = failureOfTurn(error, agent, session);
    return { status: 'failed', error: failed, ...defined({ refused: refusedIn(error, failed) }) };
  }
  const what = why ?? (error instanceof Error ? error.message : String(error));
  return unknown(`${agent} ended in the middle of the turn in session ${session}: ${what}`);
}

/** The prompt was put in, and nobody can tell how far it came. It is never put in again. */
export function unknown(message: string): End {
  return { status: 'failed', error: failure('OUTCOME_UNKNOWN', message) };
}
