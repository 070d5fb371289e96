/** Names the keys in which two configs differ for sessions. Pure. */
import type { Config } from './types.js';

/** The keys that count for sessions. The others are the caller's (`noWorkerAfter`) or the worker's (`turnsPerHost`). */
function ofSessions({
  agents,
  categories,
  defaultAgent,
  limits,
  checks,
  prices,
  onLost,
  onFull,
  onCold,
  ...rest
}: Config): object {
  const { turnTimeoutMs, stallTimeoutMs, toolTimeoutMs, hostTimeoutMs, quotaWaitMs, budgets } = limits;
  return {
    ...{ defaultAgent, agents, categories, checks, prices, onLost, onFull, onCold, workspace: rest.workspace },
    limits: {
      ...{ turnTimeout: turnTimeoutMs, stallTimeout: stallTimeoutMs, toolTimeout: toolTimeoutMs },
      ...{ hostTimeout: hostTimeoutMs, quotaWait: quotaWaitMs },
      ...{ costPerTurn: budgets.cost_per_turn, costPerTopic: budgets.cost_per_topic },
      ...{ tokensPerTurn: budgets.tokens_per_turn, stepsPerTurn: budgets.steps_per_turn },
    },
  };
}

/** For example `limits.turnTimeout` or `agents.opencode.model`. */
export function differencesOf(one: Config, other: Config): string[] {
  return [...differing(ofSessions(one), ofSessions(other), '', 3)];
}

function* differing(one: unknown, other: unknown, path: string, depth: number): Generator<string> {
  if (canonical(one) === canonical(other)) return;
  if (depth === 0 || !isRecord(one) || !isRecord(other)) {
    yield path;
    return;
  }
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)]))
    yield* differing(one[key], other[key], path === '' ? key : `${path}.${key}`, depth - 1);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Compares without the order of keys. */
function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, inner: unknown) => (isRecord(inner) ? sorted(inner) : inner));
}

function sorted(record: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries);
}
