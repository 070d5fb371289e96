/** OpenCode's errors → our codes. */
import type { AssistantMessage } from '@opencode-ai/sdk/v2/client';
import { failure, type Failure, type FailureCode } from '../../contract/failures.js';

/** A provider's whole error page would be too large for a result. */
const MAX_MESSAGE = 2_000;

/** As it stands on a message and in `session.error`. */
export type OpenCodeError = NonNullable<AssistantMessage['error']>;

export function failureOf(error: OpenCodeError, session: string): Failure {
  const { message, statusCode } = factsOf(error);
  const status = statusCode === undefined ? '' : ` (HTTP ${statusCode})`;
  return failure(codeOf(error.name, statusCode), `${whatHappened[error.name] ?? 'The model failed'}${status} in session ${session}: ${message}`);
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

function codeOf(name: string, statusCode: number | undefined): FailureCode {
  if (name === 'ProviderAuthError' || statusCode === 401 || statusCode === 403) return 'AGENT_AUTH';
  if (statusCode === 429) return 'AGENT_RATE_LIMITED';
  return name === 'ContextOverflowError' ? 'CONTEXT_OVERFLOW' : 'MODEL_FAILED';
}

/** A newer OpenCode may send an error without the fields that this one has. */
function factsOf(error: { name: string; data?: { message?: unknown; statusCode?: unknown } }): { message: string; statusCode?: number } {
  const { message, statusCode } = error.data ?? {};
  return { message: typeof message === 'string' && message ? withoutStack(message).slice(0, MAX_MESSAGE) : error.name, ...(typeof statusCode === 'number' && { statusCode }) };
}

/** For people: OpenCode puts the stack of an error of its own into its message. */
const withoutStack = (message: string) => message.split(/\n\s+at /, 1).join('');
