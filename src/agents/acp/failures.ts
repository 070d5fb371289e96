/** An agent's errors → our codes. Pure. */
import type { RequestError } from '@agentclientprotocol/sdk';
import * as z from 'zod';
import { failure, type Failure } from '../../contract/failures.js';
import { isModelMissing } from '../shared/missing-models.js';
import { refusedAs, statusIn } from '../shared/refused-content.js';
import { isCorruption } from '../shared/provider-refusals.js';

const MAX_MESSAGE = 2_000;

/** JSON-RPC's own, and those of ACP. */
const AUTH_REQUIRED = -32000;
const NOT_FOUND = -32002;
const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;
const PROTOCOL_ERRORS = [-32700, -32600, METHOD_NOT_FOUND, INVALID_PARAMS];

const Data = z.looseObject({ statusCode: z.number().optional().catch(undefined) });

/** What the agent says, with the details of its error. */
export function wordsOf({ message, data }: RequestError): string {
  const details = data === undefined || data === null ? '' : typeof data === 'string' ? data : JSON.stringify(data);
  return `${message}${details === '' || message.includes(details) ? '' : ` ${details}`}`.slice(0, MAX_MESSAGE);
}

const NO_SESSION =
  /\b(session|conversation|thread|rollout|resource)\b[^.:]{0,60}(not found|does not exist|doesn't exist)|\b(no such|no|unknown|invalid) (session|conversation|thread|rollout)\b/i;

/**
 * Whether an agent says that it has no such session. ACP's own code for it is used by some; the
 * others answer `internal error` or `invalid params`, so their words have to do. The words have to
 * be about the session: a model or a file of settings that is not found is no reason to take
 * another session.
 */
export function isMissing(error: RequestError, session: string): boolean {
  if (error.code === NOT_FOUND) return true;
  if (error.code !== -32603 && error.code !== INVALID_PARAMS) return false;
  const said = wordsOf(error);
  return NO_SESSION.test(said) || (said.includes(session) && /no such file/i.test(said));
}

/** Of the answer to a prompt: the turn has ended with it. `agent`: its title. */
export function failureOfTurn(error: RequestError, agent: string, session: string): Failure {
  const said = wordsOf(error);
  const where = `in session ${session}: ${said}`;
  const status = Data.safeParse(error.data).data?.statusCode;
  if (
    error.code === AUTH_REQUIRED ||
    status === 401 ||
    status === 403 ||
    /\b401\b|unauthori[sz]ed|invalid api key/i.test(said)
  )
    return notLoggedIn(agent, where);
  if (error.code === NOT_FOUND) return failure('SESSION_LOST', `${agent} has lost the session ${where}`);
  if (PROTOCOL_ERRORS.includes(error.code))
    return failure(
      'AGENT_UNSUPPORTED',
      `${agent} did not understand a prompt ${where}`,
      'Use a version of the agent that speaks version 1 of ACP.',
    );
  if (status === 429 || /\b429\b|rate.?limit|quota|overloaded/i.test(said))
    return failure('AGENT_RATE_LIMITED', `The provider refused for now ${where}`);
  if (/context.{0,20}(length|window|limit)|prompt is too long|too many tokens|maximum context/i.test(said))
    return failure('CONTEXT_OVERFLOW', `The conversation no longer fits the model ${where}`);
  if (isModelMissing(status, [said]))
    return failure('MODEL_UNKNOWN', `The provider of ${agent} does not have the model ${where}`);
  if (isCorruption(status, [said]))
    return failure('SESSION_CORRUPTED', `The provider refuses what the session holds ${where}`);
  return failure('MODEL_FAILED', `The model failed ${where}`);
}

export function refusedIn(error: RequestError, { code }: Failure): string | undefined {
  const said = wordsOf(error);
  return refusedAs(code, Data.safeParse(error.data).data?.statusCode ?? statusIn(said), said);
}

/** Of a call that opens or loads a session. `doing`, e.g. `open a session`. */
export function failureOfCall(
  error: RequestError,
  agent: string,
  doing: string,
): { failure: Failure; retryable: boolean } {
  if (error.code === AUTH_REQUIRED)
    return { failure: notLoggedIn(agent, `and did not ${doing}: ${wordsOf(error)}`), retryable: false };
  if (PROTOCOL_ERRORS.includes(error.code)) {
    const message = `${agent} cannot ${doing}: ${wordsOf(error)}`;
    const fix = 'Use a version of the agent that speaks version 1 of ACP.';
    return { failure: failure('AGENT_UNSUPPORTED', message, fix), retryable: false };
  }
  return { failure: failure('AGENT_CRASHED', `${agent} did not ${doing}: ${wordsOf(error)}`), retryable: true };
}

function notLoggedIn(agent: string, where: string): Failure {
  return failure(
    'AGENT_AUTH',
    `${agent} is not logged in, or its provider refused the credentials ${where}`,
    `Log in with ${agent} itself, in a terminal. Then send a follow-up.`,
  );
}
