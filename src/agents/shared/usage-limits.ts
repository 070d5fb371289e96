/**
 * Recognises what a provider says when an account has used up what it may use, and when it takes
 * requests again. A time that the provider does not name is never made up.
 */

/** Without a code, a usage limit is known by the words of the provider. */
const LIMITS: readonly RegExp[] = [
  /\b(usage|spend|spending|credit|key|monthly|weekly|daily) limits?\b.{0,40}\b(reached|exceeded|hit)\b/i,
  /\b(reached|exceeded|hit)\b.{0,40}\b(usage|spend|spending|credit|monthly|weekly|daily)[ _]limits?\b/i, // Anthropic, Codex
  /usage_limit_(reached|exceeded)|UsageLimitError|CreditsError/, // OpenAI's plans; OpenCode's own provider
  /\bexceeded.{0,20}quota\b|\bquota.{0,20}exceeded\b/i, // OpenAI, Gemini, Moonshot
  /insufficient[_ ](quota|balance|credits?|funds)/i, // OpenAI, DeepSeek, OpenRouter
  /credit balance is too low/i, // Anthropic
  /\bout of credits\b|billing_(hard_limit_reached|not_active|error)/i, // OpenAI, Anthropic
];

/** 529: Anthropic is overloaded. */
const STATUSES = [402, 429, 529];

/** `said`: the message of the error, and the body of the answer if there is one. */
export function isUsageLimit(status: number | undefined, said: readonly string[]): boolean {
  if (status !== undefined && STATUSES.includes(status)) return true;
  // A server with trouble of its own may say anything.
  if (status !== undefined && status >= 500) return false;
  return said.some((text) => LIMITS.some((limit) => limit.test(text)));
}

/** An answer of a provider. */
export interface Refused {
  /** When it came. Milliseconds since 1970. */
  at: number;
  said: readonly string[];
  headers?: Record<string, unknown> | undefined;
}

/**
 * When the provider takes requests again. ISO 8601. If it names several times, all limits are over
 * after the last one.
 */
export function resetOf({ at, said, headers = {} }: Refused): string | undefined {
  const times = [...inHeaders(headers, at), ...said.flatMap((text) => [...inBody(text, at), ...inWords(text)])];
  return isoOf(Math.max(...times));
}

/** `undefined` for what is no time, such as that of a number that is too large. */
export function isoOf(ms: number): string | undefined {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function inHeaders(headers: Record<string, unknown>, at: number): number[] {
  const afterMs = Number(headers['retry-after-ms'] ?? NaN);
  const after = headers['retry-after'];
  const seconds = Number(after ?? NaN);
  const reset = Number(headers['anthropic-ratelimit-unified-reset'] ?? NaN) * 1000;
  const onDate = typeof after === 'string' && Number.isNaN(seconds) ? Date.parse(after) : NaN;
  return [at + afterMs, at + seconds * 1000, onDate, reset].filter(Number.isFinite);
}

/** The body of ChatGPT's plans: `{"error": {"type": "usage_limit_reached", "resets_at": 1795967969}}`. */
function inBody(text: string, at: number): number[] {
  const resetsAt = Number(/"resets_at"\s*:\s*(\d+)/.exec(text)?.[1] ?? NaN);
  const resetsIn = Number(/"resets_in_seconds"\s*:\s*(\d+)/.exec(text)?.[1] ?? NaN);
  return [resetsAt * 1000, Number.isNaN(resetsAt) ? at + resetsIn * 1000 : NaN].filter(Number.isFinite);
}

/** Anthropic's limit of spending: `You will regain access on 2026-12-01 at 00:00 UTC`. */
function inWords(text: string): number[] {
  const [, date, time] = /regain access on (\d{4}-\d\d-\d\d) at (\d\d:\d\d) UTC/.exec(text) ?? [];
  return date !== undefined && time !== undefined ? [Date.parse(`${date}T${time}:00Z`)].filter(Number.isFinite) : [];
}
