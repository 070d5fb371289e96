/** The figures of a run: pure. */
import { costOf, PROVIDERS, providersOf, type Request, type Turn, type Wire } from './cost.js';
import type { Measured } from './measured.js';

/** A follow-up. Tokens are weighted input tokens, and parts are of the same follow-up in a fresh session. */
export interface Row {
  provider: string;
  files: number;
  'follow-up': number;
  /** Of the reading, by the fresh session. In percent. */
  skips: number;
  'warm: tokens': number;
  'warm: part': string;
  /** Where the follow-up takes more requests: each reads the whole conversation once more, fresh or not. */
  'warm, 10 requests more: part': string;
  'cold: tokens': number;
  'cold: part': string;
  'fresh: tokens': number;
  /** Where the cache has nothing of its system prompt and its tools either. */
  'fresh, cold: tokens': number;
  'requests: continued, fresh': string;
  'warm: usd': number;
  'cold: usd': number;
  'fresh: usd': number;
}

export function rowsOf(wire: Wire, measured: readonly Measured[]): Row[] {
  return providersOf(wire).flatMap((provider) =>
    measured.filter(({ asked }) => asked.skips !== undefined).map((fresh) => rowOf(provider, fresh, measured)),
  );
}

/** Requests. */
const MORE = 10;
const tokensIn = (request: Request = []) => request.reduce((sum, { tokens }) => sum + tokens, 0);

const percent = (part: number) => `${(100 * part).toFixed(1)} %`;
const cents = (usd: number) => Number(usd.toFixed(4));

function rowOf(name: string, fresh: Measured, measured: readonly Measured[]): Row {
  const provider = PROVIDERS[name];
  const { files, followUp, skips = 0 } = fresh.asked;
  const { continued, before } = followUpIn(files, followUp, measured);
  if (!provider) throw new Error(`There are no prices of ${name}.`);
  const warm = costOf(continued.turn, before, provider);
  const cold = costOf(continued.turn, [], provider);
  // Its system prompt and its tools are in the cache, too, as long as anybody works.
  const freshWarm = costOf(fresh.turn, before.slice(0, 1), provider);
  const freshCold = costOf(fresh.turn, [], provider);
  const longer = (turn: Turn, weighted: number) =>
    weighted + (MORE * tokensIn(turn.at(-1)) * provider.usd.read) / provider.usd.input;
  return {
    provider: name,
    files,
    'follow-up': followUp,
    skips,
    'warm: tokens': Math.round(warm.weighted),
    'warm: part': percent(warm.weighted / freshWarm.weighted),
    'warm, 10 requests more: part': percent(
      longer(continued.turn, warm.weighted) / longer(fresh.turn, freshWarm.weighted),
    ),
    'cold: tokens': Math.round(cold.weighted),
    'cold: part': percent(cold.weighted / freshCold.weighted),
    'fresh: tokens': Math.round(freshWarm.weighted),
    'fresh, cold: tokens': Math.round(freshCold.weighted),
    'requests: continued, fresh': `${continued.turn.length}, ${fresh.turn.length}`,
    'warm: usd': cents(warm.usd),
    'cold: usd': cents(cold.usd),
    'fresh: usd': cents(freshWarm.usd),
  };
}

/** A follow-up in its session, and the turns before it. */
export function followUpIn(
  files: number,
  followUp: number,
  measured: readonly Measured[],
): { continued: Measured; before: Turn[] } {
  const session = measured.filter(({ asked }) => asked.files === files && asked.skips === undefined);
  const continued = session[followUp];
  if (!continued) throw new Error(`Follow-up ${followUp} of ${files} files was not measured.`);
  return { continued, before: session.slice(0, followUp).map(({ turn }) => turn) };
}

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
        'against warm': inWords(skipAt(row['warm: tokens'], pointsOf('fresh: tokens'))),
        'against cold': inWords(skipAt(row['cold: tokens'], pointsOf('fresh, cold: tokens'))),
      },
    ];
  });
}

const inWords = (skip: number) =>
  skip < 0 ? 'fresh is cheaper anyway' : skip > 100 ? 'never' : `${Math.round(skip)} %`;

/** What a fresh session skips, in percent, and its tokens. */
type Point = [number, number];

/**
 * On the line between the two measured sessions around it, or through the last two.
 * @returns percent; below 0: fresh is cheaper even if it skips nothing; above 100: it never is
 */
export function skipAt(cost: number, points: readonly Point[]): number {
  if (cost > (points[0]?.[1] ?? 0)) return -1;
  const next = points.findIndex(([, tokens]) => tokens <= cost);
  const after = next < 0 ? points.length - 1 : Math.max(next, 1);
  const [[skips, tokens], [more, fewer]] = [points[after - 1] ?? [0, 0], points[after] ?? [0, 0]];
  return skips + ((tokens - cost) / (tokens - fewer)) * (more - skips);
}

/** By follow-up, in percent. */
export interface Lines {
  files: number;
  warm: [number, number][];
  cold: [number, number][];
}

/** Of each follow-up, warm and cold, as a part of a fresh session that reads everything again. */
export function linesOf(rows: readonly Row[]): Lines[] {
  const whole = rows.filter(({ skips }) => skips === 0);
  return groupsOf(whole, ({ files }) => `${files}`).map((points) => ({
    files: points[0]?.files ?? 0,
    warm: points.map((row) => [row['follow-up'], parseFloat(row['warm: part'])]),
    cold: points.map((row) => [row['follow-up'], parseFloat(row['cold: part'])]),
  }));
}

/** Of each follow-up, how much of the reading a fresh session has to skip. */
export function breakEvenLinesOf(rows: readonly Row[]): Lines[] {
  const at = (words: string) => (words === 'never' ? 100 : words.endsWith(' %') ? parseFloat(words) : 0);
  return groupsOf(breakEvenOf(rows), ({ files }) => `${files}`).map((points) => ({
    files: points[0]?.files ?? 0,
    warm: points.map((row) => [row['follow-up'], at(row['against warm'])]),
    cold: points.map((row) => [row['follow-up'], at(row['against cold'])]),
  }));
}

/** Rows of one kind stand together, in the order of the first of each. */
function groupsOf<R>(rows: readonly R[], kindOf: (row: R) => string): R[][] {
  const groups = new Map<string, R[]>();
  for (const row of rows) groups.set(kindOf(row), [...(groups.get(kindOf(row)) ?? []), row]);
  return [...groups.values()];
}
