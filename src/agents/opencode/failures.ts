/** Translates OpenCode's errors to our codes. */
import type { AssistantMessage } from '@opencode-ai/sdk/v2/client';
import { failure, type Failure, type FailureCode } from '../../contract/failures.js';
import { ASK_OTHERWISE } from '../shared/cut-off.js';
import { isCorruption } from '../shared/provider-refusals.js';

/** A provider's whole error page would be too large for a result. */
const MAX_MESSAGE = 2_000;

/** An error as a message and `session.error` have it. */
export type OpenCodeError = NonNullable<AssistantMessage['error']>;

export function failureOf(error: OpenCodeError, session: string): Failure {
  const facts = factsOf(error);
  const { message, statusCode } = facts;
  const status = statusCode === undefined ? '' : ` (HTTP ${statusCode})`;
  const what = isUnreachable(error.name, facts)
    ? 'The provider did not answer'
    : (whatHappened[error.name] ?? 'The model failed');
  return failure(
    codeOf(error.name, facts),
    `${what}${status} in session ${session}: ${message}`,
    fixOf(error.name, facts),
  );
}

/** Without an HTTP status, no answer came from the provider. */
const isUnreachable = (name: string, { statusCode }: Facts) => name === 'APIError' && statusCode === undefined;

/** `undefined` when the fix in the table of failures is good. */
function fixOf(name: string, facts: Facts): string | undefined {
  if (isUnreachable(name, facts))
    return "Check the network, a proxy (HTTPS_PROXY) and the provider's address in the config of OpenCode (provider.<name>.options.baseURL), then send a follow-up.";
  if (name === 'ContentFilterError') return ASK_OTHERWISE;
  if ((facts.statusCode ?? 0) >= 500)
    return 'The provider has trouble of its own. Send a follow-up later, or use another model.';
  return undefined;
}

/** Whether we, or a person in OpenCode, stopped the turn. */
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
  // OpenCode has compacted before it reports this. The session is whole and its content is worth
  // keeping, so it is not replaced.
  if (name === 'ContextOverflowError') return 'CONTEXT_OVERFLOW';
  if (name === 'MessageOutputLengthError' || name === 'ContentFilterError') return 'REPLY_CUT_OFF';
  return isCorruption(statusCode, [message, responseBody]) ? 'SESSION_CORRUPTED' : 'MODEL_FAILED';
}

/** Reads the fields with care, because a newer OpenCode may leave some out. */
function factsOf(error: {
  name: string;
  data?: { message?: unknown; statusCode?: unknown; responseBody?: unknown };
}): Facts {
  const { message, statusCode, responseBody } = error.data ?? {};
  return {
    message: typeof message === 'string' && message ? withoutStack(message).slice(0, MAX_MESSAGE) : error.name,
    ...(typeof statusCode === 'number' && { statusCode }),
    ...(typeof responseBody === 'string' && { responseBody }),
  };
}

/** OpenCode adds the stack to the message of its own errors. People do not need it. */
const withoutStack = (message: string) => message.split(/\n\s+at /, 1).join('');
