/** What the cost of a turn consists of, and whether the cache missed anything: pure. */
import { inputsOf, PROVIDERS, weightOf, type Request, type Turn } from './cost.js';
import type { Measured } from './measured.js';
import { followUpIn } from './table.js';

/** Of one turn. In weighted input tokens, without `requests` and `missed`. */
export interface Parts {
  turn: string;
  requests: number;
  /** What the cache had. */
  'read from the cache': number;
  'written into it': number;
  /** Read in full, because the agent does not ask to cache it. */
  'not cached': number;
  /** Tokens that an earlier request began with, and that the cache did not give. */
  missed: number;
}

/** Of a follow-up in its session, and of the same one in a fresh session that skips nothing. */
export function partsOf(name: string, files: number, followUp: number, measured: readonly Measured[]): Parts[] {
  const { continued, before } = followUpIn(files, followUp, measured);
  const fresh = measured.find(
    ({ asked }) => asked.files === files && asked.followUp === followUp && asked.skips === 0,
  )?.turn;
  return [
    parts(name, 'warm', continued.turn, before),
    parts(name, 'cold', continued.turn, []),
    ...(fresh ? [parts(name, 'fresh', fresh, before.slice(0, 1))] : []),
  ];
}

function parts(name: string, label: string, turn: Turn, before: readonly Turn[]): Parts {
  const provider = PROVIDERS[name];
  if (!provider) throw new Error(`There are no prices of ${name}.`);
  const inputs = inputsOf(turn, before, provider);
  const weigh = (kind: 'read' | 'written' | 'plain') =>
    inputs.reduce((all, input) => all + weightOf({ read: 0, written: 0, plain: 0, [kind]: input[kind] }, provider), 0);
  const sent = before.flat();
  const missed = inputs.reduce((all, { read }, at) => {
    const request = turn[at] ?? [];
    const known = Math.max(0, ...[...sent, ...turn.slice(0, at)].map((earlier) => sharedBy(earlier, request)));
    return all + Math.max(0, known - read);
  }, 0);
  return {
    turn: label,
    requests: turn.length,
    'read from the cache': Math.round(weigh('read')),
    'written into it': Math.round(weigh('written')),
    'not cached': Math.round(weigh('plain')),
    missed,
  };
}

function sharedBy(one: Request, other: Request): number {
  let tokens = 0;
  for (let at = 0; at < one.length && one[at]?.text === other[at]?.text; at += 1) tokens += one[at]?.tokens ?? 0;
  return tokens;
}
