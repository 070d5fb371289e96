/**
 * When the provider takes requests again after a usage limit. Codex 0.169.0 stores the limits of a
 * ChatGPT plan with each answer that names them, and otherwise has only the words of its message.
 */
import { isoOf, resetOf } from '../shared/usage-limits.js';
import type { CodexTurn } from './rollout.js';

const MINUTE_MS = 60_000;

/** ISO 8601. `undefined` when neither Codex nor the provider names a time. */
export function untilOf({ end, resetsAt }: CodexTurn): string | undefined {
  if (end?.how !== 'failed') return undefined;
  if (resetsAt !== undefined) return isoOf(resetsAt * 1000);
  const failedAt = Date.parse(end.at);
  return isoOf(inWords(end.message, failedAt)) ?? resetOf({ at: failedAt, said: [end.message] });
}

/**
 * `try again at 3:59 PM.`, or `try again at Dec 1st, 2026 3:59 PM.` on another day. It is the local
 * time of this machine, without seconds. So the limit is over at the end of the minute.
 */
function inWords(message: string, failedAt: number): number {
  const [, date, time] =
    /[Tt]ry again at (?:([A-Z][a-z]{2} \d{1,2}(?:st|nd|rd|th), \d{4}) )?(\d{1,2}:\d\d [AP]M)/.exec(message) ?? [];
  if (time === undefined) return NaN;
  const day = date?.replace(/(\d)(st|nd|rd|th),/, '$1,') ?? new Date(failedAt).toDateString();
  return Date.parse(`${day} ${time}`) + MINUTE_MS;
}
