/**
 * Names a refusal that may be about what a session holds, so that the same refusal is recognised
 * when the next prompt gets it: an image that the provider can't read, a broken text, a request that
 * is too large. What the provider means is not guessed from its words.
 */
import type { FailureCode } from '../../contract/failures.js';

/** A request that came too late, too early, or beside another one. */
const PASSING = [408, 409, 425, 429];
const LONGEST = 200;

/**
 * `code`: what the refusal was translated to. Only `MODEL_FAILED` is about the request itself.
 *
 * @returns `undefined` for any other refusal
 */
export function refusedAs(code: FailureCode, status: number | undefined, said: string): string | undefined {
  if (code !== 'MODEL_FAILED' || status === undefined || PASSING.includes(status)) return undefined;
  if (status < 400 || status >= 500) return undefined;
  return `${status} ${withoutNumbers(said)}`.trim().slice(0, LONGEST);
}

/** Ids of requests, places in the conversation and sizes differ from request to request. */
function withoutNumbers(said: string): string {
  return said
    .replace(/\b\w*\d\w*\b/g, '#')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Where an agent has the status only in its words. */
export function statusIn(said: string): number | undefined {
  const status = /\b(?:status|HTTP|error|code)\b\D{0,12}\b(4\d\d)\b/i.exec(said)?.[1];
  return status === undefined ? undefined : Number(status);
}
