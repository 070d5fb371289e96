/**
 * Recognises that a provider does not have the model that it was asked for: a name that was never
 * right, or a model that is retired. Most providers answer 404. Others have a code, or only words.
 */

const WORDS: readonly RegExp[] = [
  /\bmodel_(not_found|deprecated|decommissioned)\b/i, // OpenAI, and providers with its API
  /\bmodels?\b(?:(?!\. )[^\n]){0,120}\b(does not exist|doesn't exist|not found|was not found|is not a valid model)\b/i,
  /\bmodels?\b(?:(?!\. )[^\n]){0,120}\b(is not supported|no longer (available|supported)|(has been|is|was) (deprecated|retired|decommissioned|discontinued|removed))\b/i,
  /\b(unknown|no such|invalid) model\b/i,
  /\bissue with the selected model\b/i, // Claude Code 2.1.331
];

const MISSING = [404, 410];
/** With these, a provider says more in words. */
const REFUSED = [400, 403, 422];

/** `said`: the message of the error, and the body of the answer if there is one. */
export function isModelMissing(status: number | undefined, said: readonly string[]): boolean {
  if (status !== undefined && MISSING.includes(status)) return true;
  if (status !== undefined && !REFUSED.includes(status)) return false;
  return said.some((text) => WORDS.some((words) => words.test(text)));
}
