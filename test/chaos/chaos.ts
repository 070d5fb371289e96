/**
 * Kills whatever is there, again and again, while clients ask; then lets it come to rest and asks
 * everyone what happened.
 */
import { join } from 'node:path';
import type { TurnResult } from '../../src/contract/types.js';
import { effectsOf, gather, unstuckBy } from './evidence.js';
import { litter } from './garbage.js';
import { judge, outcomesOf, type Breach } from './judge.js';
import { operate } from './operator.js';
import type { ChaosAgent } from './agents/agent.js';
import { killAround, type Blows } from './kills.js';
import { burstsOf, diceOf, isOfBurst } from './plan.js';
import { attend, type Attended } from './person.js';
import { System } from './system.js';
import { Weather } from './weather.js';

export interface ChaosOptions {
  agent: ChaosAgent;
  seed: number;
  /** How many kills at least, and how many prompts. */
  kills: number;
  prompts: number;
  topics: number;
  clients: number;
  /** Between two kills at most, ms. */
  gapMs: number;
  /** An operator who cancels, terminates, resets and pauses. */
  operator: boolean;
  /** A sender of what no topic understands. */
  garbage: boolean;
  /** A provider that refuses everybody for some seconds, and a person who answers and retries. */
  waits: boolean;
  /** How often callers come at once, and how many calls. */
  bursts: { times: number; calls: number };
  report: (line: string) => void;
  /** Then it kills no more, however many are left. */
  minutes?: number;
  /** Leaves its directory. */
  keep?: boolean;
  /** Ends it, and cleans up. */
  signal?: AbortSignal;
}

export interface Verdict {
  breaches: Breach[];
  /** Rows of the table that is printed. */
  facts: Record<string, string | number>;
}

/** What a server that was killed a thousand times may need to come to rest. */
const REST_WITHIN_MS = 600_000;
export async function chaos(options: ChaosOptions): Promise<Verdict> {
  const topics = Array.from({ length: options.topics }, (_, n) => `t${n}`);
  const startedAt = performance.now();
  const bursts = burstsOf(options.seed, { topics, clients: options.clients, ...options.bursts });
  const weather = new Weather(() => options.agent.limit());
  const system = await System.start({ ...options, topics, bursts, weather });
  try {
    const disturbing = disturb(system, topics, weather, options);
    const blows = await killAround(system, options).finally(() => disturbing.end());
    const { deeds, garbage, attended } = await disturbing.end();
    options.signal?.throwIfAborted();
    options.report('No more kills; waiting for what was asked.');
    const rested = await system.drain(REST_WITHIN_MS, options.signal).finally(() => disturbing.leave());
    const evidence = await gather(system, options.agent, topics, options.clients, { deeds, spells: weather.spells });
    const breaches = judge(evidence);
    if (!rested)
      breaches.push({
        promise: 1,
        side: 'client',
        what: `not all clients were answered within ${REST_WITHIN_MS / 1000} s`,
      });
    const results = [...outcomesOf(evidence.ledger).values()].flatMap((all) => all.slice(0, 1));
    const facts = {
      agent: options.agent.config.kind,
      ...factsOf(blows, results, await effectsOf(system)),
      'deeds of the operator': counted(deeds.map(({ deed }) => deed)),
      'garbage taken by the server': [...garbage].map(([kind, n]) => `${kind}: ${n}`).join(', '),
      'spells of the provider': counted(weather.spells.map(({ trouble }) => trouble)),
      'what the person did': listed(Object.fromEntries(await attended)),
      'stuck topics that a worker reset': await unstuckBy(system),
      'answered in bursts': results.filter(({ prompt_id }) => isOfBurst(prompt_id)).length,
      'duration, s': Math.round((performance.now() - startedAt) / 1000),
    };
    return { breaches, facts };
  } finally {
    await system.dispose(options.keep ?? false);
  }
}

/**
 * None of them is killed. They end with the kills, so that what they left can come to rest. The
 * person, whom that may need, leaves later.
 */
function disturb(system: System, topics: string[], weather: Weather, { seed, operator, garbage, waits }: ChaosOptions) {
  const over = new AbortController();
  const client = system.client();
  const file = join(system.dir, 'operator.jsonl');
  const operating = operator ? operate({ client, topics, dice: diceOf(seed + 1), file }, over.signal) : [];
  const littering = garbage
    ? litter({ client, topics, dice: diceOf(seed + 2) }, over.signal)
    : new Map<string, number>();
  const gone = new AbortController();
  const changing = waits && weather.change(diceOf(seed + 3), over.signal);
  const isFair = () => weather.isFair;
  const attending: Promise<Attended> | Attended = waits
    ? attend({ client, topics, dice: diceOf(seed + 4), isFair }, gone.signal)
    : new Map();
  const done = Promise.all([operating, littering, changing]);
  return {
    end: async () => {
      over.abort();
      const [deeds, taken] = await done;
      return { deeds, garbage: taken, attended: attending };
    },
    leave: async () => {
      gone.abort();
      await attending;
      await client.connection.close();
    },
  };
}

function factsOf(
  { killed, victims, moments }: Blows,
  results: TurnResult[],
  effects: Map<string, number>,
): Record<string, string | number> {
  return {
    'processes killed': killed,
    'by victim': listed(victims),
    'by moment': listed(moments),
    'prompts answered': results.length,
    'by status': counted(results.map(({ status, error }) => (error ? `${status} ${error.code}` : status))),
    'why those failed': counted(
      results.flatMap(({ error }) =>
        error ? [error.message.replace(/\b(ses_|p-)[\w-]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '$1…')] : [],
      ),
    ),
    'how a crash was survived': counted(results.map(({ recovered }) => recovered ?? 'none needed')),
    attempts: counted(results.map(({ attempts }) => attempts)),
    'times that a turn’s tools ran': counted([...effects.values()]),
  };
}

function listed(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([what, n]) => `${what}: ${n}`)
    .join(', ');
}

function counted<K extends string | number>(keys: K[]): string {
  const counts = new Map<K, number>();
  for (const key of keys.sort()) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].map(([key, n]) => `${key}: ${n}`).join(', ');
}
