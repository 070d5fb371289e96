/**
 * Reads the results of activities with care, because an operator can complete or fail an activity
 * with any value. A result without the fields that a topic needs is refused. Any other bad field is
 * left out. Pure.
 */
import type {
  ChangedFilesOutput,
  OpenSessionOutput,
  ResolveAgentOutput,
  RunChecksOutput,
  RunTurnOutput,
} from '../activities/types.js';
import { ASK_KINDS, type AskKind } from '../contract/asks.js';
import { BUDGETS, isAmount, type BudgetName } from '../contract/budget.js';
import { defined } from '../contract/defined.js';
import { failure, type Failure } from '../contract/failures.js';
import { isId, MAX_ID_LENGTH } from '../contract/ids.js';
import { isObject } from '../contract/is-object.js';
import type { NotifyOutput } from '../contract/notices.js';
import { isSessionContext } from '../contract/session-context.js';
import { MAX_ANSWER_BYTES, MAX_ASK_BYTES, MAX_CHANGED_FILES_BYTES, MAX_REPLY_PARTS_BYTES } from '../contract/limits.js';
import { cutToBytes, jsonBytes } from '../contract/text.js';
import type { CheckRun } from '../contract/checks.js';
import { isBadAboutWorkspace, isWorktree } from './read-workspace.js';
import { TURN_STATUSES, type Pinned, type Usage } from '../contract/types.js';

type Fields = Record<string, unknown>;

/** The result of `openSession`, or `undefined` when the value is not one. */
export function openedIn(answer: unknown): OpenSessionOutput | undefined {
  if (!isObject(answer) || !isId(answer.session_id)) return undefined;
  const pinned = pinnedIn(answer.pinned);
  return pinned && ({ ...answer, pinned } as unknown as OpenSessionOutput);
}

function pinnedIn(value: unknown): Fields | undefined {
  if (!isObject(value)) return undefined;
  const { agent, project, cwd, host } = value;
  if (!isId(host) || ![agent, project, cwd].every((field) => typeof field === 'string')) return undefined;
  return without(
    value,
    (name, field) =>
      (name in TEXTS && typeof field !== 'string') ||
      (name === 'skills' && !isListOfTexts(field)) ||
      (name === 'workspace' && !isWorktree(field)),
  );
}

/** The answer, or nothing when it is none. */
export function resolvedIn(answer: unknown): ResolveAgentOutput | undefined {
  const pinned = isObject(answer) && pinnedIn(answer.pinned);
  if (!pinned) return undefined;
  const kinds = isObject(answer.kinds) ? without(answer.kinds, (_, kind) => typeof kind !== 'string') : {};
  return { pinned, kinds } as unknown as ResolveAgentOutput;
}

export function changedIn(answer: unknown): ChangedFilesOutput {
  if (!isObject(answer) || typeof answer.stat !== 'string') return {};
  return { stat: cutToBytes(answer.stat, MAX_CHANGED_FILES_BYTES) };
}

/** Which commands did not end well. Of a value from outside, none. */
export function toldIn(answer: unknown): NotifyOutput {
  const failed = isObject(answer) && Array.isArray(answer.failed) ? (answer.failed as unknown[]) : [];
  return { failed: failed.filter(isFailedNotice) };
}

const isFailedNotice = (value: unknown): value is NotifyOutput['failed'][number] =>
  isObject(value) && Number.isSafeInteger(value.at) && typeof value.problem === 'string';

/** Why the agent keeps the session in its list. `undefined`: it does not. */
export function keptIn(answer: unknown): string | undefined {
  return isObject(answer) && typeof answer.kept_because === 'string' ? answer.kept_because : undefined;
}

const TEXTS: Partial<Record<keyof Pinned, true>> = {
  kind: true,
  model: true,
  variant: true,
  mode: true,
  category: true,
  instructions: true,
  asked_cwd: true,
};

const SHORT = ['model', 'recovered', 'guarantee', 'fell_back_from', 'not_compacted', 'refused'];

export function endedIn(answer: unknown): RunTurnOutput | undefined {
  if (
    !isObject(answer) ||
    !TURN_STATUSES.includes(answer.status as RunTurnOutput['status']) ||
    typeof answer.reply !== 'string'
  )
    return undefined;
  const { error: said, ...rest } = answer;
  const good = without(
    rest,
    (name, value) =>
      (name === 'usage' && !isUsage(value)) ||
      (name === 'compacted' && !isCount(value)) ||
      (name === 'loss' && value !== 'full' && value !== 'cold') ||
      (name === 'context' && !(isObject(value) && isSessionContext(value))) ||
      (SHORT.includes(name) && !isShort(value)) ||
      (name === 'reply_parts' && !(isListOfTexts(value) && jsonBytes(value) <= MAX_REPLY_PARTS_BYTES)) ||
      (name === 'waits' && !isWait(value)) ||
      isBadAboutWorkspace(name, value) ||
      (name === 'left_behind' && !(Array.isArray(value) && value.every(isProcess))) ||
      (name === 'answered' && !(Array.isArray(value) && value.every(isAnswered))),
  ) as unknown as RunTurnOutput;
  const attempts = Number.isSafeInteger(good.attempts) ? good.attempts : 1;
  const error = failureIn(said) ?? (good.status === 'completed' ? undefined : unsaid(good.status));
  return { ...good, attempts, ...defined({ error }) };
}

function unsaid(status: 'failed' | 'cancelled'): Failure {
  return failure(
    status === 'failed' ? 'OUTCOME_UNKNOWN' : 'CANCELLED',
    `The turn ended as ${status}, and its result gives no reason that can be read.`,
  );
}

/**
 * A failure with an unknown code is kept and shown: a newer worker may send a code that this
 * release does not know.
 */
export function failureIn(value: unknown): Failure | undefined {
  if (!isObject(value) || typeof value.code !== 'string') return undefined;
  const { code, message, fix } = value;
  return {
    code: code as Failure['code'],
    message: typeof message === 'string' ? message : 'The failure gives no reason.',
    fix: typeof fix === 'string' ? fix : '',
  };
}

export function checkedIn(answer: unknown): RunChecksOutput | undefined {
  if (!isObject(answer) || !Array.isArray(answer.ran)) return undefined;
  if (!answer.ran.every((run) => isObject(run) && typeof run.run === 'string' && 'passed' in run)) return undefined;
  const ran = answer.ran.map((run: Fields) =>
    without(run, (name, value) => (name === 'output' || name === 'stopped') && typeof value !== 'string'),
  ) as unknown as CheckRun[];
  return { ran };
}

function isUsage(value: unknown): value is Usage {
  return (
    isObject(value) && Object.values(value).every((each) => typeof each === 'number') && Object.keys(value).length <= 20
  );
}

function isWait(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { for: what, ask, within_ms, most_ms, until, worked_ms } = value;
  if (typeof worked_ms !== 'number') return false;
  if (what === 'answer') return isAsk(ask) && isDuration(within_ms) && within_ms <= LONGEST_WAIT_MS;
  const isTime = until === undefined || (typeof until === 'string' && !Number.isNaN(Date.parse(until)));
  return (what === 'quota' || what === 'agent') && isDuration(most_ms) && isTime;
}

/** A timer that is too long would fail every task of the topic. Config allows 24 days. */
const LONGEST_WAIT_MS = 366 * 24 * 60 * 60 * 1000;

const isDuration = (value: unknown): value is number => typeof value === 'number' && value > 0;

function isAsk(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { ask_id, kind, text, takes } = value;
  return (
    isId(ask_id) &&
    ASK_KINDS.includes(kind as AskKind) &&
    (kind === 'budget' ? isBudget(value.budget) : value.budget === undefined) &&
    typeof text === 'string' &&
    isListOfTexts(takes) &&
    jsonBytes(value) <= MAX_ASK_BYTES
  );
}

function isBudget(value: unknown): boolean {
  if (!isObject(value) || !BUDGETS.includes(value.name as BudgetName)) return false;
  return [value.limit, value.used, value.step, value.turn].every(isAmount);
}

function isAnswered(value: unknown): boolean {
  if (!isObject(value) || !isAsk(value.ask) || !isObject(value.answer)) return false;
  const { decision, text } = value.answer;
  const isText = text === undefined || typeof text === 'string';
  return typeof decision === 'string' && isText && jsonBytes(value.answer) <= 6 * MAX_ANSWER_BYTES + 100;
}

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0;
function isProcess(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { pid, command, since } = value;
  return Number.isSafeInteger(pid) && typeof command === 'string' && typeof since === 'string';
}

function isShort(value: unknown): boolean {
  return typeof value === 'string' && value.length <= MAX_ID_LENGTH;
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function without(fields: Fields, isBad: (name: string, value: unknown) => boolean): Fields {
  return Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => value === undefined || !isBad(name, value)),
  );
}
