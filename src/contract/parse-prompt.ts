/**
 * Checks the payloads of signals and updates inside the workflow. Written by hand, because every
 * cached workflow would carry a schema library. Imports the contract only.
 */
import { milliseconds } from './duration.js';
import { isAmount } from './budget.js';
import { isObject } from './is-object.js';
import { plainDirectory } from './directory.js';
import { failure, type Failure } from './failures.js';
import { contradictionWithFork, FORK_WISH, isForkWish } from './fork-wish.js';
import { isDerived, isId, MAX_ID_LENGTH } from './ids.js';
import {
  MAX_CHECK_TIMEOUT_MS,
  MAX_CHECKS,
  MAX_FIXES,
  MAX_PROMPT_BYTES,
  MAX_REQUEST_BYTES,
  MIN_CHECK_TIMEOUT_MS,
} from './limits.js';
import { ON_COLD, type OnCold } from './session-context.js';
import { digestOf, jsonBytes, utf8Length } from './text.js';
import {
  ON_LOST,
  SESSION_WISHES,
  WHEN,
  type OnLost,
  type PromptRequest,
  type SessionWish,
  type When,
} from './types.js';
import { Unreadable } from './unreadable.js';
import { isWorkspaceMode } from './workspace.js';

const MAX_FIELD_LENGTH = 1000;
const MIN_CLOSE_AFTER_MS = 1000;
const DAY_MS = 24 * 60 * 60 * 1000;
const MAX_CLOSE_AFTER_MS = 365 * DAY_MS;
const MAX_WHEN_WARM_MS = 30 * DAY_MS;

/**
 * A well-formed request, or the reason why it is not one. Unknown fields are refused: a misspelled
 * `session_id` would open a new session.
 */
export function parsePrompt(payload: unknown): { request: PromptRequest } | { problem: Failure } {
  const fields = typeof payload === 'string' ? { prompt: payload } : payload;
  if (fields instanceof Unreadable) {
    const message = `The payload (${fields.encoding}) ${fields.why}. A prompt is JSON.`;
    return fields.isTooLarge ? { problem: failure('PROMPT_TOO_LARGE', message) } : invalid(message);
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields) || ArrayBuffer.isView(fields)) {
    return invalid(`A prompt must be an object with a field "prompt", or a string; got ${shown(payload)}.`);
  }
  const request: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) {
    const value: unknown = (fields as Record<string, unknown>)[name];
    if (value === undefined || value === null) continue;
    const check = Object.hasOwn(RULES, name) ? RULES[name as keyof PromptRequest] : undefined;
    if (!check)
      return invalid(
        `Field "${shortened(name)}" is not a field of a prompt. A prompt takes: ${Object.keys(RULES).join(', ')}.`,
      );
    const expected = check(value);
    if (expected) return invalid(`Field "${name}" must be ${expected}; got ${shown(value)}.`);
    request[name] = value;
  }
  if (typeof request.prompt !== 'string') return invalid('Field "prompt" must be text; it is missing.');
  if (request.prompt.trim() === '') return invalid('Field "prompt" must not be blank.');
  const bytes = utf8Length(request.prompt);
  if (bytes > MAX_PROMPT_BYTES) {
    return {
      problem: failure('PROMPT_TOO_LARGE', `The prompt has ${bytes} bytes; at most ${MAX_PROMPT_BYTES} are taken.`),
    };
  }
  const whole = jsonBytes(request);
  if (whole > MAX_REQUEST_BYTES) {
    return {
      problem: failure(
        'PROMPT_TOO_LARGE',
        `The prompt with all its fields has ${whole} bytes as JSON; at most ${MAX_REQUEST_BYTES} are taken.`,
      ),
    };
  }
  const contradiction = contradictionIn(request);
  return contradiction === undefined ? { request: { ...request, prompt: request.prompt } } : invalid(contradiction);
}

/** Which fields can't be together. */
function contradictionIn(request: Record<string, unknown>): string | undefined {
  if (request.session === 'new' && request.session_id !== undefined)
    return 'Fields "session_id" and "session": "new" contradict each other: one names a session, the other asks for a new one.';
  const urgent = urgentIn(request);
  if (urgent !== undefined)
    return `Fields "when_warm" and ${urgent} contradict each other: one waits for a session that is warm.`;
  if (request.session_id === undefined && (request.adopt !== undefined || request.host !== undefined))
    return 'Fields "adopt" and "host" are about the session to take over, and there is no field "session_id".';
  if (request.on_lost === 'replace' && request.session_id !== undefined)
    return 'Fields "session_id" and "on_lost": "replace" contradict each other: a prompt for a session never runs anywhere else.';
  if (request.on_cold === 'replace' && request.session_id !== undefined)
    return 'Fields "session_id" and "on_cold": "replace" contradict each other: a prompt for a session never runs anywhere else.';
  if (request.checks === undefined && (request.max_fixes !== undefined || request.checks_proof !== undefined))
    return 'Field "max_fixes" or "checks_proof" needs a field "checks", and the prompt has none.';
  if (request.notify === undefined && request.notify_proof !== undefined)
    return 'Field "notify_proof" needs a field "notify", and the prompt has none.';
  return contradictionWithFork(request);
}

/** What contradicts `when_warm`. */
function urgentIn({ when_warm, when, session }: Record<string, unknown>): string | undefined {
  if (when_warm === undefined) return undefined;
  if (when === 'next' || when === 'interrupt') return `"when": "${when}"`;
  return session === 'new' ? '"session": "new"' : undefined;
}

/**
 * Everything in a request that changes what is done. Its place in the queue, how its caller waits
 * and the caller's own directory are left out, because a caller may retry from elsewhere. So are
 * `adopt` and `host`, which say how a session is found and not what is done in it.
 */
export function essenceOf({
  prompt,
  session_id,
  session,
  on_lost,
  agent,
  model,
  category,
  skills,
  cwd,
  checks,
  max_fixes,
  limits,
  workspace,
  on_cold,
  notify,
  fork,
}: PromptRequest): string {
  return JSON.stringify([
    prompt,
    session_id ?? null,
    session === 'continue' ? null : (session ?? null),
    on_lost ?? null,
    agent ?? null,
    model ?? null,
    category ?? null,
    skills ? [...new Set(skills)].sort() : null,
    cwd === undefined ? null : plainDirectory(cwd),
    checks?.map(({ run, timeout }) => [run, timeout === undefined ? null : milliseconds(timeout)]) ?? null,
    max_fixes ?? null,
    // Only where it is said, so that digests of older releases stay what they were.
    ...(limits ? [TURN_BUDGETS.map((name) => limits[name] ?? null)] : []),
    ...(workspace ? [workspace.mode] : []),
    ...(on_cold ? [{ on_cold }] : []),
    ...(notify === undefined ? [] : [{ notify }]),
    ...(fork ? [{ fork: [fork.topic, fork.session_id ?? null, fork.at ?? null] }] : []),
  ]);
}

/** Older releases kept a digest of the text alone, without this prefix. */
const WHOLE_REQUEST = '2:';

/** Two requests ask for the same thing exactly when their digests are equal. */
export function digestOfRequest(request: PromptRequest): string {
  return WHOLE_REQUEST + digestOf(essenceOf(request));
}

export function isOfWholeRequest(digest: string): boolean {
  return digest.startsWith(WHOLE_REQUEST);
}

/** Whether the value can be the reason that a sender gives for stopping something. */
export function isReason(value: unknown): value is string {
  return short(value) === undefined;
}

/** Says what is expected instead. `undefined` means that the value is good. */
type Rule = (value: unknown) => string | undefined;

const promptId: Rule = (value) =>
  id(value) ??
  (isDerived(value as string)
    ? 'an id that does not start with "@", because the topic derives such ids itself'
    : undefined);
const id: Rule = (value) =>
  isId(value) ? undefined : `an id: 1 to ${MAX_ID_LENGTH} printable characters, no space at its ends`;
const text: Rule = (value) => (typeof value === 'string' ? undefined : 'text');
const short: Rule = (value) => {
  const good = typeof value === 'string' && value.trim() !== '' && value.length <= MAX_FIELD_LENGTH;
  return good ? undefined : `text of 1 to ${MAX_FIELD_LENGTH} characters`;
};
const path: Rule = (value) =>
  short(value) ?? (/^(\/|[A-Za-z]:[\\/])/.test(value as string) ? undefined : 'an absolute path');
const names: Rule = (value) =>
  Array.isArray(value) && value.length <= 20 && value.every((name) => isId(name))
    ? undefined
    : 'a list of at most 20 names';
const session: Rule = (value) =>
  SESSION_WISHES.includes(value as SessionWish) ? undefined : '"continue", "new" or "resume"';
const onLost: Rule = (value) => (ON_LOST.includes(value as OnLost) ? undefined : '"replace" or "fail"');
const onCold: Rule = (value) =>
  ON_COLD.includes(value as OnCold) ? undefined : ON_COLD.map((one) => `"${one}"`).join(' or ');
const when: Rule = (value) => (WHEN.includes(value as When) ? undefined : '"queue", "next" or "interrupt"');

const checks: Rule = (value) =>
  Array.isArray(value) && value.length > 0 && value.length <= MAX_CHECKS && value.every(isCheck)
    ? undefined
    : `a list of 1 to ${MAX_CHECKS} checks like { "run": "npm test", "timeout": "10m" }, each with a command of at most ${MAX_FIELD_LENGTH} characters and a timeout from 1 second to 24 hours`;

const TURN_BUDGETS = ['cost_per_turn', 'tokens_per_turn', 'steps_per_turn'] as const;
const limits: Rule = (value) => {
  const names: readonly string[] = TURN_BUDGETS;
  const good = isObject(value) && Object.entries(value).every(([name, one]) => names.includes(name) && isAmount(one));
  return good && Object.keys(value).length > 0
    ? undefined
    : `an object of ${TURN_BUDGETS.join(', ')}, each a number above 0`;
};

function isCheck(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { run, timeout, ...others } = value as Record<string, unknown>;
  const ms = timeout === undefined ? MIN_CHECK_TIMEOUT_MS : milliseconds(timeout);
  return (
    short(run) === undefined &&
    ms >= MIN_CHECK_TIMEOUT_MS &&
    ms <= MAX_CHECK_TIMEOUT_MS &&
    Object.keys(others).length === 0
  );
}

const RULES: Record<keyof PromptRequest, Rule> = {
  prompt: text,
  prompt_id: promptId,
  session_id: id,
  adopt: (value) => (typeof value === 'boolean' ? undefined : 'true or false'),
  host: id,
  fork: (value) => (isForkWish(value) ? undefined : FORK_WISH),
  session,
  reason: short,
  on_lost: onLost,
  on_cold: onCold,
  when,
  when_warm: (value) => {
    const ms = milliseconds(value);
    return ms >= MIN_CLOSE_AFTER_MS && ms <= MAX_WHEN_WARM_MS
      ? undefined
      : 'a duration from 1 second to 30 days, such as "8h"';
  },
  agent: id,
  model: id,
  category: id,
  skills: names,
  cwd: path,
  default_cwd: path,
  project: short,
  wait: (value) => (typeof value === 'boolean' ? undefined : 'true or false'),
  checks,
  max_fixes: (value) =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_FIXES
      ? undefined
      : `a whole number from 0 to ${MAX_FIXES}`,
  checks_proof: id,
  // No program can be given a NUL character.
  notify: (value) =>
    short(value) === undefined && !(value as string).includes('\0')
      ? undefined
      : `a shell command of 1 to ${MAX_FIELD_LENGTH} characters, without a NUL character`,
  notify_proof: id,
  limits,
  workspace: (value) =>
    isObject(value) && Object.keys(value).join() === 'mode' && isWorkspaceMode(value.mode)
      ? undefined
      : 'an object like { "mode": "queue" }, with one of "shared", "queue", "worktree"',
  close_after: (value) => {
    const ms = milliseconds(value);
    return ms >= MIN_CLOSE_AFTER_MS && ms <= MAX_CLOSE_AFTER_MS
      ? undefined
      : 'a duration from 1 second to 365 days, such as "7d"';
  },
};

/** What each field of a prompt takes, in words. `docs/contract.md` is made of them. */
export function promptFields(): Record<keyof PromptRequest, string> {
  const wrong = [Number.NaN, 'relative/', '@derived'];
  const wordsOf = (rule: Rule) => new Set(wrong.flatMap((value) => rule(value) ?? []));
  const entries = Object.entries(RULES).map(([name, rule]) => [name, [...wordsOf(rule)].join('; ')] as const);
  return Object.fromEntries(entries) as Record<keyof PromptRequest, string>;
}

function invalid(message: string): { problem: Failure } {
  return { problem: failure('INVALID_PROMPT', message) };
}

/** A value for an error message: JSON, cut to 80 characters. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  return shortened(JSON.stringify(value) ?? typeof value);
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
