/**
 * Checks what signals and updates bring into a workflow. Small on purpose: a schema library would be carried by
 * every cached workflow. Imports the contract only.
 */
import { milliseconds } from './duration.js';
import { failure, type Failure } from './failures.js';
import { isId, MAX_ID_LENGTH } from './ids.js';
import { MAX_CHECK_TIMEOUT_MS, MAX_CHECKS, MAX_FIXES, MAX_PROMPT_BYTES, MIN_CHECK_TIMEOUT_MS } from './limits.js';
import { ON_LOST, WHEN, type OnLost, type PromptRequest, type When } from './types.js';

const MAX_FIELD_LENGTH = 1000;

/** A request that is well-formed, or why it is not. Unknown fields are refused: a misspelt `session_id` would open a new session. */
export function parsePrompt(payload: unknown): { request: PromptRequest } | { problem: Failure } {
  const fields = typeof payload === 'string' ? { prompt: payload } : payload;
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    return invalid(`A prompt must be an object with a field "prompt", or a string; got ${shown(payload)}.`);
  }
  const request: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value === null) continue;
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name as keyof PromptRequest] : undefined;
    if (!check) return invalid(`Field "${shortened(name)}" is not a field of a prompt; it takes: ${Object.keys(CHECKS).join(', ')}.`);
    const expected = check(value);
    if (expected) return invalid(`Field "${name}" must be ${expected}; got ${shown(value)}.`);
    request[name] = value;
  }
  if (typeof request.prompt !== 'string') return invalid('Field "prompt" must be text; it is missing.');
  if (request.prompt.trim() === '') return invalid('Field "prompt" must not be blank.');
  const bytes = utf8Length(request.prompt);
  if (bytes > MAX_PROMPT_BYTES) {
    return { problem: failure('PROMPT_TOO_LARGE', `The prompt has ${bytes} bytes; at most ${MAX_PROMPT_BYTES} are taken.`) };
  }
  if (request.session === 'new' && request.session_id !== undefined) {
    return invalid('Fields "session_id" and "session": "new" contradict each other: one names a session, the other asks for a new one.');
  }
  if (request.on_lost === 'replace' && request.session_id !== undefined) {
    return invalid('Fields "session_id" and "on_lost": "replace" contradict each other: a prompt for a session never runs anywhere else.');
  }
  if (request.checks === undefined && (request.max_fixes !== undefined || request.checks_proof !== undefined)) {
    return invalid('Field "max_fixes" says how often to fix what a check found, and there is no field "checks".');
  }
  return { request: { ...request, prompt: request.prompt } };
}

/** Why something is stopped, in its sender's words. */
export function isReason(value: unknown): value is string {
  return short(value) === undefined;
}

/** What is expected instead, or nothing when the value will do. */
type Check = (value: unknown) => string | undefined;

const id: Check = (value) => (isId(value) ? undefined : `an id: 1 to ${MAX_ID_LENGTH} printable characters, no space at its ends`);
const text: Check = (value) => (typeof value === 'string' ? undefined : 'text');
const short: Check = (value) => {
  const good = typeof value === 'string' && value.trim() !== '' && value.length <= MAX_FIELD_LENGTH;
  return good ? undefined : `text of 1 to ${MAX_FIELD_LENGTH} characters`;
};
const path: Check = (value) => short(value) ?? (/^(\/|[A-Za-z]:[\\/])/.test(value as string) ? undefined : 'an absolute path');
const names: Check = (value) =>
  Array.isArray(value) && value.length <= 20 && value.every((name) => isId(name)) ? undefined : 'a list of at most 20 names';
const session: Check = (value) => (value === 'continue' || value === 'new' ? undefined : '"continue" or "new"');
const onLost: Check = (value) => (ON_LOST.includes(value as OnLost) ? undefined : '"replace" or "fail"');
const when: Check = (value) => (WHEN.includes(value as When) ? undefined : '"queue", "next" or "interrupt"');

const checks: Check = (value) =>
  Array.isArray(value) && value.length > 0 && value.length <= MAX_CHECKS && value.every(isCheck)
    ? undefined
    : `a list of 1 to ${MAX_CHECKS} checks like { "run": "npm test", "timeout": "10m" }, each with a command of at most ${MAX_FIELD_LENGTH} characters and a timeout from 1 second to 24 hours`;

function isCheck(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { run, timeout, ...others } = value as Record<string, unknown>;
  const ms = timeout === undefined ? MIN_CHECK_TIMEOUT_MS : milliseconds(timeout);
  return short(run) === undefined && ms >= MIN_CHECK_TIMEOUT_MS && ms <= MAX_CHECK_TIMEOUT_MS && Object.keys(others).length === 0;
}

const CHECKS: Record<keyof PromptRequest, Check> = {
  prompt: text,
  prompt_id: id,
  session_id: id,
  session,
  reason: short,
  on_lost: onLost,
  when,
  agent: id,
  model: id,
  category: id,
  skills: names,
  cwd: path,
  default_cwd: path,
  project: short,
  wait: (value) => (typeof value === 'boolean' ? undefined : 'true or false'),
  checks,
  max_fixes: (value) => (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_FIXES ? undefined : `a whole number from 0 to ${MAX_FIXES}`),
  checks_proof: id,
};

function invalid(message: string): { problem: Failure } {
  return { problem: failure('INVALID_PROMPT', message) };
}

/** A value as an error message shows it: JSON, never long. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  return shortened(JSON.stringify(value) ?? typeof value);
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** Bytes of a text in UTF-8, without the encoder that the workflow sandbox may not have. */
export function utf8Length(text: string): number {
  if (ASCII.test(text)) return text.length;
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** Nearly all of what agents write, and measured at every turn: this is the fast way out. */
const ASCII = /^[^\u0080-\uffff]*$/;
