/** OpenCode's errors → our codes. */
import type { AssistantMessage } from '@opencode-ai/sdk/v2/client';
import { failure, type Failure, type FailureCode } from '../../contract/failures.js';
import { isCorruption } from './corruption.js';

/** A provider's whole error page would be too large for a result. */
const MAX_MESSAGE = 2_000;

/** As it stands on a message and in `session.error`. */
export type OpenCodeError = NonNullable<AssistantMessage['error']>;

export function failureOf(error: OpenCodeError, session: string): Failure {
  const facts = factsOf(error);
  const { message, statusCode } = facts;
  const status = statusCode === undefined ? '' : ` (HTTP ${statusCode})`;
  return failure(codeOf(error.name, facts), `${whatHappened[error.name] ?? 'The model failed'}${status} in session ${session}: ${message}`);
}

/** Stopped by somebody: us, or a person in OpenCode. */
export function isAbort(error: OpenCodeError | undefined): boolean {
  return error?.name === 'MessageAbortedError';
}

const whatHappened: Partial<Record<string, string>> = {
  APIError: 'The provider refused the request',
  ProviderAuthError: 'The provider refused the credentials',
  ContextOverflowError: 'The conversation no longer fits the model',
  ContentFilterError: 'The provider filtered the answer',
  UnknownError: 'OpenCode broke the turn off',
  MessageOutputLengthError: "The answer was longer than the model's limit",
};

interface Facts {
  message: string;
  statusCode?: number;
  responseBody?: string;
}

function codeOf(name: string, { message, statusCode, responseBody = '' }: Facts): FailureCode {
  if (name === 'ProviderAuthError' || statusCode === 401 || statusCode === 403) return 'AGENT_AUTH';
  if (statusCode === 429) return 'AGENT_RATE_LIMITED';
  // OpenCode has compacted by then. The session is whole, and what it holds is worth keeping: it is not replaced.
  if (name === 'ContextOverflowError') return 'CONTEXT_OVERFLOW';
  return isCorruption(statusCode, [message, responseBody]) ? 'SESSION_CORRUPTED' : 'MODEL_FAILED';
}

/** A newer OpenCode may send an error without the fields that this one has. */
function factsOf(error: { name: string; data?: { message?: unknown; statusCode?: unknown; responseBody?: unknown } }): Facts {
  const { message, statusCode, responseBody } = error.data ?? {};
  return {
    message: typeof message === 'string' && message ? withoutStack(message).slice(0, MAX_MESSAGE) : error.name,
    ...(typeof statusCode === 'number' && { statusCode }),
    ...(typeof responseBody === 'string' && { responseBody }),
  };
}

/** For people: OpenCode puts the stack of an error of its own into its message. */
const withoutStack = (message: string) => message.split(/\n\s+at /, 1).join('');
