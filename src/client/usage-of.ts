/** What topics have used, summed up: pure. */
import { defined } from '../contract/defined.js';
import { estimateOf, type Estimate } from '../contract/estimate.js';
import { undatedIn, type UsedOnDay } from '../contract/ledger.js';
import { sumOf, tokensOf } from '../contract/usage.js';
import type { Usage } from '../contract/types.js';
import type { TopicView } from '../contract/views.js';

export const USAGE_KINDS = ['topic', 'project', 'agent', 'model', 'day'] as const;
export type UsageKind = (typeof USAGE_KINDS)[number];

export interface UsageRow {
  /** The topic, project, agent, model or day. */
  name: string;
  topics: number;
  turns: number;
  /** Tokens and USD. The cost is absent if that of any turn is unknown. */
  used: Usage;
}

export interface UsageReport {
  by: UsageKind;
  /** Counts from this day on, in UTC. Absent: everything. */
  from?: string;
  /** Most tokens first. Days: oldest first, after the use on unknown days. */
  rows: UsageRow[];
  /** All of them together. Absent: no turn has reported anything. */
  total?: UsageRow;
  /** With `from`: what the topics have used on unknown days. No row has it. */
  undated?: UsageRow;
  /** For all follow-ups of the topics. Absent with `from`, and if it is not known. */
  estimate?: Estimate;
}

/** Whether a turn of the topic runs, or has ended since then. */
export function hasWorkedSince({ running, outcomes }: TopicView, from: Date): boolean {
  const last = outcomes.at(-1);
  return running !== undefined || (last !== undefined && Date.parse(last.started_at) + last.duration_ms >= +from);
}

interface Part {
  topic: string;
  name: string;
  turns: number;
  used: Usage;
}

export const UNDATED = 'undated';

/**
 * By agent and by model, counts the sessions that the topics still remember. With `from`, counts whole days
 * of the ledgers.
 */
export function usageOf(views: readonly TopicView[], by: UsageKind, from?: Date): UsageReport {
  const since = from?.toISOString().slice(0, 10);
  const counted = from ? views.filter((view) => hasWorkedSince(view, from)) : views;
  const parts = counted.flatMap((view) => (since === undefined ? partsOf(view, by) : partsSince(view, by, since)));
  const names = [...new Set(parts.map(({ name }) => name))];
  const rows = names.map((name) =>
    rowOf(
      name,
      parts.filter((part) => part.name === name),
    ),
  );
  rows.sort(by === 'day' ? byDay : (a, b) => tokensOf(b.used) - tokensOf(a.used));
  const undated = since === undefined ? [] : counted.flatMap((view) => undatedOf(view));
  const estimate = since === undefined ? estimateOf(counted.flatMap(({ sessions }) => sessions)) : undefined;
  return {
    by,
    ...defined({ from: since }),
    rows,
    ...(parts.length > 0 && { total: rowOf('total', parts) }),
    ...(undated.length > 0 && { undated: rowOf(UNDATED, undated) }),
    ...defined({ estimate }),
  };
}

function byDay({ name: one }: UsageRow, { name: other }: UsageRow): number {
  if (one === UNDATED || other === UNDATED) return one === UNDATED ? -1 : 1;
  return one < other ? -1 : 1;
}

function partsOf(view: TopicView, by: UsageKind): Part[] {
  const { topic, used, turns } = view;
  if (by === 'day') return [...undatedOf(view), ...partsSince(view, by, '')];
  if (by === 'topic' || by === 'project')
    return used ? [{ topic, name: by === 'topic' ? topic : (view.project ?? '-'), turns, used }] : [];
  return view.sessions.flatMap(({ pinned, turns, used }) =>
    used ? [{ topic, name: (by === 'agent' ? pinned.agent : pinned.model) ?? 'its default', turns, used }] : [],
  );
}

function partsSince(view: TopicView, by: UsageKind, since: string): Part[] {
  const nameOf: Record<UsageKind, (one: UsedOnDay) => string> = {
    topic: () => view.topic,
    project: () => view.project ?? '-',
    agent: ({ agent }) => agent,
    model: ({ model }) => model ?? 'its default',
    day: ({ day }) => day,
  };
  return (view.days ?? [])
    .filter(({ day }) => day >= since)
    .map((one) => ({ topic: view.topic, name: nameOf[by](one), turns: one.turns, used: one.used }));
}

function undatedOf({ topic, turns, used, days = [] }: TopicView): Part[] {
  const undated = undatedIn(used, days);
  const dated = days.reduce((sum, one) => sum + one.turns, 0);
  return undated ? [{ topic, name: UNDATED, turns: Math.max(turns - dated, 0), used: undated }] : [];
}

function rowOf(name: string, parts: readonly Part[]): UsageRow {
  return {
    name,
    topics: new Set(parts.map(({ topic }) => topic)).size,
    turns: parts.reduce((sum, { turns }) => sum + turns, 0),
    used: sumOf(parts.map(({ used }) => used)),
  };
}

export const inputOf = ({ input_tokens, cache_read_tokens, cache_write_tokens }: Usage) =>
  input_tokens + cache_read_tokens + cache_write_tokens;
