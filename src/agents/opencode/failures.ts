/** Translates OpenCode's errors to our codes. */
import type { AssistantMessage } from '@opencode-ai/sdk/v2/client';
import { failure, type Failure, type FailureCode } from '../../contract/failures.js';
import { isObject } from '../../contract/is-object.js';
import { ASK_OTHERWISE } from '../shared/cut-off.js';
import { isModelMissing } from '../shared/missing-models.js';
import { refusedAs } from '../shared/refused-content.js';
import { isCorruption } from '../shared/provider-refusals.js';
import { isUsageLimit, resetOf } from '../shared/usage-limits.js';

/** A provider's whole error page would be too large for a result. */
const MAX_MESSAGE = 2_000;

/** An error as a message and `session.error` have it. */
export type OpenCodeError = NonNullable<AssistantMessage['error']>;

export function failureOf(error: OpenCodeError, session: string): Failure {
  const facts = factsOf(error);
  const { message, statusCode } = facts;
  const status = statusCode === undefined ? '' : ` (HTTP ${statusCode})`;
  const code = codeOf(error.name, facts);
  return failure(
    code,
    `${whatHappened(code, error.name)}${status} in session ${session}: ${message}`,
    fixOf(code, error.name, facts),
  );
}

export function refusedIn(error: OpenCodeError): string | undefined {
  const facts = factsOf(error);
  return refusedAs(codeOf(error.name, facts), facts.statusCode, facts.message);
}

/** When the provider takes requests again, if it said so. `at`: when the error came. */
export function untilOf(error: OpenCodeError, at: number): string | undefined {
  const { message, responseBody = '', headers } = factsOf(error);
  return resetOf({ at, said: [message, responseBody], headers });
}

/** Without a status and a body, no answer came from the provider (1.18.33). */
const isUnreachable = (name: string, { statusCode, responseBody }: Facts) =>
  name === 'APIError' && statusCode === undefined && responseBody === undefined;

export const NAME_A_MODEL =
  'Name a model that `opencode models` lists. Log in to its provider with: opencode auth login';

/** `undefined` when the fix in the table of failures is good. */
function fixOf(code: FailureCode, name: string, facts: Facts): string | undefined {
  if (code === 'PROVIDER_UNREACHABLE')
    return "Check the network, a proxy (HTTPS_PROXY) and the provider's address in the config of OpenCode (provider.<name>.options.baseURL), then send a follow-up.";
  if (name === 'ContentFilterError') return ASK_OTHERWISE;
  if (code === 'MODEL_UNKNOWN') return NAME_A_MODEL;
  if (code === 'MODEL_FAILED' && (facts.statusCode ?? 0) >= 500)
    return 'The provider has trouble of its own. Send a follow-up later, or use another model.';
  return undefined;
}

/** Whether we, or a person in OpenCode, stopped the turn. */
export function isAbort(error: OpenCodeError | undefined): boolean {
  return error?.name === 'MessageAbortedError';
}

function whatHappened(code: FailureCode, name: string): string {
  if (code === 'PROVIDER_UNREACHABLE') return 'The provider did not answer';
  if (code === 'AGENT_RATE_LIMITED') return 'The provider refused for now';
  if (code === 'MODEL_UNKNOWN') return 'The provider does not have the model';
  return WHAT_HAPPENED[name] ?? 'The model failed';
}

const WHAT_HAPPENED: Partial<Record<string, string>> = {
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
  headers?: Record<string, unknown>;
}

function codeOf(name: string, facts: Facts): FailureCode {
  const { message, statusCode, responseBody = '' } = facts;
  if (name === 'APIError' && isUsageLimit(statusCode, [message, responseBody])) return 'AGENT_RATE_LIMITED';
  if (isUnreachable(name, facts)) return 'PROVIDER_UNREACHABLE';
  if (name === 'ProviderModelNotFoundError' || isModelMissing(statusCode, [message, responseBody]))
    return 'MODEL_UNKNOWN';
  if (name === 'ProviderAuthError' || statusCode === 401 || statusCode === 403) return 'AGENT_AUTH';
  // OpenCode has compacted before it reports this. The session is whole and its content is worth
  // keeping, so it is not replaced.
  if (name === 'ContextOverflowError') return 'CONTEXT_OVERFLOW';
  if (name === 'MessageOutputLengthError' || name === 'ContentFilterError') return 'REPLY_CUT_OFF';
  return isCorruption(statusCode, [message, responseBody]) ? 'SESSION_CORRUPTED' : 'MODEL_FAILED';
}

/** Reads the fields with care, because a newer OpenCode may leave some out. */
function factsOf(error: {
  name: string;
  data?: { message?: unknown; statusCode?: unknown; responseBody?: unknown; responseHeaders?: unknown };
}): Facts {
  const { message, statusCode, responseBody, responseHeaders } = error.data ?? {};
  return {
    message: typeof message === 'string' && message ? withoutStack(message).slice(0, MAX_MESSAGE) : error.name,
    ...(typeof statusCode === 'number' && { statusCode }),
    ...(typeof responseBody === 'string' && { responseBody }),
    ...(isObject(responseHeaders) && { headers: responseHeaders }),
  };
}

/** OpenCode adds the stack to the message of its own errors. People do not need it. */
const withoutStack = (message: string) => message.split(/\n\s+at /, 1).join('');
