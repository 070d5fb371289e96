/**
 * Translates Codex's errors to our codes. The server reports them in camelCase, and the rollout has
 * them in snake_case (0.169.0).
 */
import { failure, type Failure, type FailureCode } from '../../contract/failures.js';
import { ASK_OTHERWISE } from '../shared/cut-off.js';
import { isModelMissing } from '../shared/missing-models.js';
import { refusedAs, statusIn } from '../shared/refused-content.js';
import { isCorruption } from '../shared/provider-refusals.js';
import { isUsageLimit } from '../shared/usage-limits.js';

/** A provider's whole error page would be too large for a result. */
const MAX_MESSAGE = 2_000;

const CODES: Partial<Record<string, FailureCode>> = {
  context_window_exceeded: 'CONTEXT_OVERFLOW',
  usage_limit_exceeded: 'AGENT_RATE_LIMITED',
  rate_limit_exceeded: 'AGENT_RATE_LIMITED',
  server_overloaded: 'AGENT_RATE_LIMITED',
  unauthorized: 'AGENT_AUTH',
};

export function failureOf(said: string, info: unknown, session: string): Failure {
  const { name, status } = readInfo(info);
  const code = codeOf(name, status, said);
  const which = status === undefined ? '' : ` (HTTP ${status})`;
  return failure(
    code,
    `${whatHappened(code)}${which} in session ${session}: ${messageIn(said).slice(0, MAX_MESSAGE)}`,
    fixOf(code, status, said),
  );
}

export function refusedIn(said: string, info: unknown): string | undefined {
  const { name, status } = readInfo(info);
  return refusedAs(
    codeOf(name, status, said),
    status ?? statusIn(said) ?? (isBody(said) ? 400 : undefined),
    messageIn(said),
  );
}

/** `key`: the variable that a provider of the person's own takes its key from. */
export function howToLogIn(key: string | undefined): string {
  return key === undefined ? 'Log in with: codex login.' : `Set ${key} in the environment of the worker.`;
}

/** Codex has no code for it (0.169.0). */
const cutOffIn = (said: string) => /\bIncomplete response returned, reason: (\w+)/.exec(said)?.[1];
/** Codex has no code for it (0.169.0). */
const missingKeyIn = (said: string) => /Missing environment variable: `?(\w+)/.exec(said)?.[1];

/** Codex has no code for it (0.169.0). */
const UNREACHABLE = /error sending request|connection (failed|refused)|dns error|failed to lookup|\btls\b|certificate/i;

function codeOf(name: string, status: number | undefined, said: string): FailureCode {
  if (CODES[name] === undefined && isUsageLimit(status, [said])) return 'AGENT_RATE_LIMITED';
  if (CODES[name] === undefined && isModelMissing(status, [said])) return 'MODEL_UNKNOWN';
  if (status === 401 || status === 403 || missingKeyIn(said) !== undefined) return 'AGENT_AUTH';
  if (cutOffIn(said) !== undefined) return 'REPLY_CUT_OFF';
  if (status === undefined && UNREACHABLE.test(said)) return 'PROVIDER_UNREACHABLE';
  return CODES[name] ?? (isCorruption(status, [said]) ? 'SESSION_CORRUPTED' : 'MODEL_FAILED');
}

/** `"other"`, or an object. Its one key is the name, and its value may have a status. */
function readInfo(info: unknown): { name: string; status?: number } {
  if (typeof info === 'string') return { name: snake(info) };
  const [name = '', facts] = typeof info === 'object' && info !== null ? (Object.entries(info)[0] ?? []) : [];
  const status = Object.entries((facts ?? {}) as object).find(
    ([key]) => snake(key) === 'http_status_code',
  )?.[1] as unknown;
  return { name: snake(name), ...(typeof status === 'number' && { status }) };
}

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Of a 400, Codex stores the body and no status (0.169.0). */
const isBody = (said: string) => said.startsWith('{') && messageIn(said) !== said;

/** The message in a provider's answer, which may be JSON. */
function messageIn(said: string): string {
  try {
    const { error } = JSON.parse(said) as { error?: { message?: unknown } };
    return typeof error?.message === 'string' ? error.message : said;
  } catch {
    return said || 'it gave no reason'; // SyntaxError: the answer is text.
  }
}

function whatHappened(code: FailureCode): string {
  if (code === 'AGENT_AUTH') return 'The provider refused the credentials';
  if (code === 'PROVIDER_UNREACHABLE') return 'The provider did not answer';
  if (code === 'AGENT_RATE_LIMITED') return 'The provider refused for now';
  if (code === 'MODEL_UNKNOWN') return 'The provider does not have the model';
  if (code === 'CONTEXT_OVERFLOW') return 'The conversation no longer fits the model';
  if (code === 'SESSION_CORRUPTED') return 'The provider refuses the content of the session';
  if (code === 'REPLY_CUT_OFF') return 'The answer was cut off';
  return 'The model failed';
}

/** `undefined` when the fix in the table of failures is good. */
function fixOf(code: FailureCode, status: number | undefined, said: string): string | undefined {
  if (code === 'AGENT_AUTH') return `${howToLogIn(missingKeyIn(said))} Then send a follow-up.`;
  if (code === 'REPLY_CUT_OFF') return cutOffIn(said) === 'content_filter' ? ASK_OTHERWISE : undefined;
  if (code === 'MODEL_UNKNOWN') return 'Name a model that Codex has: start codex and type /model to see them.';
  if (code === 'PROVIDER_UNREACHABLE')
    return 'Check the network, a proxy (HTTPS_PROXY) and the address of the provider in the config of Codex (base_url), then send a follow-up.';
  if (code === 'MODEL_FAILED' && (status ?? 0) >= 500)
    return 'The provider has trouble of its own. Send a follow-up later, or use another model.';
  return undefined;
}
