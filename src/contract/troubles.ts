/**
 * Reasons why a turn fails that have nothing to do with its prompt. The prompt at hand fails with its
 * reason. What is queued behind it waits, if it fails for such a reason as well.
 */
import type { Failure, FailureCode } from './failures.js';

const TROUBLES: readonly FailureCode[] = [
  'AGENT_AUTH',
  'AGENT_NOT_FOUND',
  'AGENT_UNSUPPORTED',
  'PROVIDER_UNREACHABLE',
  'CWD_MISSING',
];

/** What the session's directory says can't be used. Whoever works there may have broken it, also the agent. */
const TROUBLES_OF_CONFIG: readonly FailureCode[] = ['CONFIG_INVALID', 'CONFIG_UNSAFE', 'CONFIG_UNTRUSTED'];

export function isTroubleOfConfig(error: Failure | undefined): boolean {
  return error !== undefined && TROUBLES_OF_CONFIG.includes(error.code);
}

export function isTrouble(error: Failure | undefined): boolean {
  return error !== undefined && (TROUBLES.includes(error.code) || isTroubleOfConfig(error));
}
