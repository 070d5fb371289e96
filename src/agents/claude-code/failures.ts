/** Translates Claude Code's errors to our codes. */
import { failure, type Failure, type FailureCode } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import { ASK_OTHERWISE } from '../shared/cut-off.js';
import { isModelMissing } from '../shared/missing-models.js';
import { refusedAs } from '../shared/refused-content.js';
import { isCorruption } from '../shared/provider-refusals.js';
import { isoOf, isUsageLimit, resetOf } from '../shared/usage-limits.js';
import { textOf, type Row } from './rows.js';

const MAX_MESSAGE = 2_000;
const LOG_IN = 'Log in: start claude and type /login, or set ANTHROPIC_API_KEY. Then send a follow-up.';

/** The failure in a row that says why the turn ended. */
export function failureOf(row: Row, session: SessionId): Failure {
  const { apiErrorStatus: status, errorDetails } = row;
  const code = codeOf(row);
  const said = (textOf(row) || row.error || 'no reason').slice(0, MAX_MESSAGE);
  const message = `${whatHappened[code] ?? 'The model failed'}${status === undefined ? '' : ` (HTTP ${status})`} in session ${session}: ${said}`;
  return failure(
    code,
    errorDetails && !said.includes(errorDetails)
      ? `${message} ${errorDetails.slice(0, MAX_MESSAGE)}`.slice(0, MAX_MESSAGE)
      : message,
    isRefusal(row) ? ASK_OTHERWISE : fixOf(code, status),
  );
}

export function refusedIn(row: Row): string | undefined {
  return refusedAs(codeOf(row), row.apiErrorStatus, textOf(row));
}

/**
 * When the provider takes requests again. Claude Code stores it for the limits of a subscription,
 * and has only the provider's words otherwise (2.1.331).
 */
export function untilOf(row: Row): string | undefined {
  const { quotaLimits, apiErrorParams, errorDetails = '' } = row;
  const seconds = quotaLimits?.resetsAt ?? apiErrorParams?.rate_limit_info?.resetsAt;
  if (typeof seconds === 'number') return isoOf(seconds * 1000);
  return resetOf({ at: NaN, said: [textOf(row), errorDetails] });
}

const whatHappened: Partial<Record<FailureCode, string>> = {
  AGENT_AUTH: 'The provider refused the credentials',
  PROVIDER_UNREACHABLE: 'The provider did not answer',
  AGENT_RATE_LIMITED: 'The provider refused for now',
  MODEL_UNKNOWN: 'The provider does not have the model',
  CONTEXT_OVERFLOW: 'The conversation no longer fits the model',
  SESSION_CORRUPTED: 'The provider refuses the content of the session',
  REPLY_CUT_OFF: 'The answer was cut off',
};

/** `undefined` when the fix in the table of failures is good. */
function fixOf(code: FailureCode, status: number | undefined): string | undefined {
  if (code === 'AGENT_AUTH') return LOG_IN;
  if (code === 'PROVIDER_UNREACHABLE')
    return 'Check the network, a proxy (HTTPS_PROXY) and the address of the provider (ANTHROPIC_BASE_URL), then send a follow-up.';
  if (code === 'MODEL_UNKNOWN')
    return 'Name a model that Claude Code has, such as sonnet or opus. Start claude and type /model to see them.';
  if (code === 'MODEL_FAILED' && (status ?? 0) >= 500)
    return 'The provider has trouble of its own. Send a follow-up later, or use another model.';
  return undefined;
}

/** Its error code is that of any request that is not valid (2.1.331). */
const isRefusal = ({ message }: Row) => message?.stop_reason === 'refusal';

const LIMITS = ['rate_limit', 'billing_error', 'overloaded'];
const LOGINS = [
  'authentication_failed',
  'oauth_org_not_allowed',
  'account_on_hold',
  'verification_required',
  'cloud_credential_error',
];
/** Claude Code has no code for it (2.1.331). */
const UNREACHABLE =
  /(unable|not able) to connect to API|\b(ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ConnectionRefused|FailedToOpenSocket)\b|certificate/i;

/**
 * `error` is Claude Code's own code. A full context has no code and is recognised by its words, in
 * the details or in the text.
 */
function codeOf(row: Row): FailureCode {
  const { error, apiErrorStatus: status, errorDetails = '' } = row;
  const said = [textOf(row), errorDetails];
  if (error === 'max_output_tokens' || isRefusal(row)) return 'REPLY_CUT_OFF';
  if (LIMITS.includes(error ?? '') || isUsageLimit(status, said)) return 'AGENT_RATE_LIMITED';
  if (error === 'model_not_found' || isModelMissing(status, said)) return 'MODEL_UNKNOWN';
  if (LOGINS.includes(error ?? '') || status === 401 || status === 403) return 'AGENT_AUTH';
  if (status === undefined && said.some((text) => UNREACHABLE.test(text))) return 'PROVIDER_UNREACHABLE';
  if (said.some((text) => /prompt is too long|exceeds? the (model's )?context/i.test(text))) return 'CONTEXT_OVERFLOW';
  return isCorruption(status, said) ? 'SESSION_CORRUPTED' : 'MODEL_FAILED';
}

/** The failure while the agent waits to ask its provider again, and the reason alone. */
export function refusalOfProvider(
  { error, error_status }: { error?: unknown; error_status?: unknown },
  seconds: number,
): { because: Failure; why: string } {
  const status = typeof error_status === 'number' ? `HTTP ${error_status}, ` : '';
  const why = `${status}${typeof error === 'string' ? error : 'no reason'}`;
  const message = `The provider refused for now (${why}). It would have been asked again after ${seconds} s.`;
  return { because: failure('AGENT_RATE_LIMITED', message), why };
}
