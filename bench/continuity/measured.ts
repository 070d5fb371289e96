/** What a run measured, and the file that keeps it, so that tables can be made again without a run. */
import { createHash } from 'node:crypto';
import type { Turn, Wire } from './cost.js';
import type { Case } from './plan.js';
import type { Segment } from './segments.js';

export interface Measured {
  asked: Case;
  turn: Turn;
  /** Until the first request of the turn reached the model. */
  firstMs: number;
  /** Until the caller had the outcome. */
  ms: number;
}

/** By the agent's name. */
export type Run = Record<string, { wire: Wire; measured: Measured[] }>;

interface Kept {
  segments: Record<string, Segment>;
  /** Requests name their segments by key. A key that ends with `*` is marked. */
  run: Record<string, { wire: Wire; measured: (Omit<Measured, 'turn'> & { turn: string[][] })[] }>;
}

export function keptRun(run: Run): string {
  const segments: Kept['segments'] = {};
  const keyOf = ({ marked, ...segment }: Segment): string => {
    const key = createHash('sha256').update(segment.text).digest('base64url').slice(0, 12);
    segments[key] = segment;
    return marked ? `${key}*` : key;
  };
  const kept = mapRun(run, (turn) => turn.map((request) => request.map(keyOf)));
  return JSON.stringify({ segments, run: kept } satisfies Kept);
}

export function runOf(text: string): Run {
  const { segments, run } = JSON.parse(text) as Kept;
  const segmentOf = (key: string): Segment => {
    const segment = segments[key.replace('*', '')];
    if (!segment) throw new Error(`The kept run has no segment ${key}. Measure again.`);
    return key.endsWith('*') ? { ...segment, marked: true } : segment;
  };
  return mapRun(run, (turn) => turn.map((request) => request.map(segmentOf)));
}

/** Runs of the same agents are put together, in the order of their files. */
export function joined(runs: readonly Run[]): Run {
  const all: Run = {};
  for (const run of runs)
    for (const [name, { wire, measured }] of Object.entries(run))
      all[name] = { wire, measured: [...(all[name]?.measured ?? []), ...measured] };
  for (const { measured } of Object.values(all)) measured.sort((one, other) => one.asked.files - other.asked.files);
  return all;
}

function mapRun<From, To>(
  run: Record<string, { wire: Wire; measured: (Omit<Measured, 'turn'> & { turn: From })[] }>,
  to: (turn: From) => To,
): Record<string, { wire: Wire; measured: (Omit<Measured, 'turn'> & { turn: To })[] }> {
  const agents = Object.entries(run).map(([name, { wire, measured }]) => [
    name,
    { wire, measured: measured.map((one) => ({ ...one, turn: to(one.turn) })) },
  ]);
  return Object.fromEntries(agents) as ReturnType<typeof mapRun<From, To>>;
}
