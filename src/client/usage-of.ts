/** What topics have used, summed up: pure. */
import { sumOf, tokensOf } from '../contract/usage.js';
import type { Usage } from '../contract/types.js';
import type { TopicView } from '../contract/views.js';

export const USAGE_KINDS = ['topic', 'project', 'agent', 'model'] as const;
export type UsageKind = (typeof USAGE_KINDS)[number];

export interface UsageRow {
  /** The topic, project, agent or model. */
  name: string;
  topics: number;
  turns: number;
  /** Tokens and USD. The cost is absent if that of any turn is unknown. */
  used: Usage;
}

export interface UsageReport {
  by: UsageKind;
  /** Most tokens first. */
  rows: UsageRow[];
  /** All of them together. Absent: no turn has reported anything. */
  total?: UsageRow;
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

/** By agent and by model, it counts the sessions that the topics still remember. */
export function usageOf(views: readonly TopicView[], by: UsageKind): UsageReport {
  const parts = views.flatMap((view) => partsOf(view, by));
  const names = [...new Set(parts.map(({ name }) => name))];
  const rows = names.map((name) =>
    rowOf(
      name,
      parts.filter((part) => part.name === name),
    ),
  );
  rows.sort((a, b) => tokensOf(b.used) - tokensOf(a.used));
  return { by, rows, ...(parts.length > 0 && { total: rowOf('total', parts) }) };
}

function partsOf(view: TopicView, by: UsageKind): Part[] {
  const { topic, used, turns } = view;
  if (by === 'topic' || by === 'project')
    return used ? [{ topic, name: by === 'topic' ? topic : (view.project ?? '-'), turns, used }] : [];
  return view.sessions.flatMap(({ pinned, turns, used }) =>
    used ? [{ topic, name: (by === 'agent' ? pinned.agent : pinned.model) ?? 'its default', turns, used }] : [],
  );
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
