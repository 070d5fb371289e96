/** The figures of a run: pure. */
import { costOf, PROVIDERS, type Turn } from './cost.js';
import type { Measured } from './measure.js';

/** A follow-up. Tokens are weighted input tokens, and parts are of the same follow-up in a fresh session. */
export interface Row {
  provider: string;
  files: number;
  'follow-up': number;
  /** Of the reading, by the fresh session. In percent. */
  skips: number;
  'warm: tokens': number;
  'warm: part': string;
  'cold: tokens': number;
  'cold: part': string;
  'fresh: tokens': number;
  /** Where the cache has nothing of its system prompt and its tools either. */
  'fresh, cold: tokens': number;
  'warm: usd': number;
  'cold: usd': number;
  'fresh: usd': number;
  'continued: s': number;
  'fresh: s': number;
}

export function rowsOf(measured: readonly Measured[]): Row[] {
  return Object.keys(PROVIDERS).flatMap((provider) =>
    measured.filter(({ asked }) => asked.skips !== undefined).map((fresh) => rowOf(provider, fresh, measured)),
  );
}

const percent = (part: number) => `${(100 * part).toFixed(1)} %`;
const cents = (usd: number) => Number(usd.toFixed(4));
const seconds = (ms: number) => Number((ms / 1000).toFixed(1));

function rowOf(name: string, fresh: Measured, measured: readonly Measured[]): Row {
  const provider = PROVIDERS[name];
  const { files, followUp, skips = 0 } = fresh.asked;
  const session = sessionOf(files, measured);
  const continued = session[followUp];
  if (!provider || !continued) throw new Error(`Follow-up ${followUp} of ${files} files was not measured.`);
  const before: Turn[] = session.slice(0, followUp).map(({ turn }) => turn);
  const warm = costOf(continued.turn, before, provider);
  const cold = costOf(continued.turn, [], provider);
  // Its system prompt and its tools are in the cache, too, as long as anybody works.
  const freshWarm = costOf(fresh.turn, before.slice(0, 1), provider);
  const freshCold = costOf(fresh.turn, [], provider);
  return {
    provider: name,
    files,
    'follow-up': followUp,
    skips,
    'warm: tokens': Math.round(warm.weighted),
    'warm: part': percent(warm.weighted / freshWarm.weighted),
    'cold: tokens': Math.round(cold.weighted),
    'cold: part': percent(cold.weighted / freshCold.weighted),
    'fresh: tokens': Math.round(freshWarm.weighted),
    'fresh, cold: tokens': Math.round(freshCold.weighted),
    'warm: usd': cents(warm.usd),
    'cold: usd': cents(cold.usd),
    'fresh: usd': cents(freshWarm.usd),
    'continued: s': seconds(continued.ms),
    'fresh: s': seconds(fresh.ms),
  };
}

const sessionOf = (files: number, measured: readonly Measured[]) =>
  measured.filter(({ asked }) => asked.files === files && asked.skips === undefined);

/** How much a fresh session must be able to skip before it is as cheap. In percent of the reading. */
export interface BreakEven {
  files: number;
  'follow-up': number;
  'against warm': string;
  'against cold': string;
}

export function breakEvenOf(rows: readonly Row[]): BreakEven[] {
  return groupsOf(rows, (row) => `${row.files} ${row['follow-up']}`).flatMap((group) => {
    const [row] = group;
    if (!row || group.length < 2) return [];
    const pointsOf = (fresh: 'fresh: tokens' | 'fresh, cold: tokens') =>
      group.map((one): Point => [one.skips, one[fresh]]).sort(([a], [b]) => a - b);
    return [
      {
        files: row.files,
        'follow-up': row['follow-up'],
        'against warm': skipAt(row['warm: tokens'], pointsOf('fresh: tokens')),
        'against cold': skipAt(row['cold: tokens'], pointsOf('fresh, cold: tokens')),
      },
    ];
  });
}

/** What a fresh session skips, in percent, and its tokens. */
type Point = [number, number];

/** On the line between the two measured sessions around it, or through the last two. */
export function skipAt(cost: number, points: readonly Point[]): string {
  if (cost > (points[0]?.[1] ?? 0)) return 'fresh is cheaper anyway';
  const next = points.findIndex(([, tokens]) => tokens <= cost);
  const after = next < 0 ? points.length - 1 : Math.max(next, 1);
  const [[skips, tokens], [more, fewer]] = [points[after - 1] ?? [0, 0], points[after] ?? [0, 0]];
  const at = skips + ((tokens - cost) / (tokens - fewer)) * (more - skips);
  return at > 100 ? 'never' : `${Math.round(at)} %`;
}

/** Of each follow-up, warm and cold, as a part of a fresh session that reads everything again. */
export function linesOf(rows: readonly Row[]): { files: number; warm: [number, number][]; cold: [number, number][] }[] {
  const whole = rows.filter(({ skips }) => skips === 0);
  return groupsOf(whole, ({ files }) => `${files}`).map((points) => ({
    files: points[0]?.files ?? 0,
    warm: points.map((row) => [row['follow-up'], parseFloat(row['warm: part'])]),
    cold: points.map((row) => [row['follow-up'], parseFloat(row['cold: part'])]),
  }));
}

/** Rows of one kind stand together, in the order of the first of each. */
function groupsOf(rows: readonly Row[], kindOf: (row: Row) => string): Row[][] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(kindOf(row), [...(groups.get(kindOf(row)) ?? []), row]);
  return [...groups.values()];
}
