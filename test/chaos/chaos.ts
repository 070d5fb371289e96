/** Kills whatever is there, again and again, while clients ask; then lets it come to rest and asks everyone what happened. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TurnResult } from '../../src/contract/types.js';
import { effectsOf, gather, unstuckBy } from './evidence.js';
import { litter } from './garbage.js';
import { judge, outcomesOf, type Breach } from './judge.js';
import { operate } from './operator.js';
import { burstsOf, diceOf, isOfBurst, VICTIMS, type Dice, type Victim } from './plan.js';
import { System } from './system.js';

export interface ChaosOptions {
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
/** Then it is killed all the same: whatever hangs must not keep the killer away. */
const PATIENCE_MS = 14_000;
const BEGINS_WITHIN_MS = 120_000;
const REQUESTS_IN_CALM = 6;

export async function chaos(options: ChaosOptions): Promise<Verdict> {
  const topics = Array.from({ length: options.topics }, (_, n) => `t${n}`);
  const startedAt = performance.now();
  const bursts = burstsOf(options.seed, { topics, clients: options.clients, ...options.bursts });
  const system = await System.start({ ...options, topics, bursts });
  try {
    const disturbing = disturb(system, topics, options);
    const kills = await killAround(system, options).finally(() => disturbing.end());
    const { deeds, garbage } = await disturbing.end();
    options.signal?.throwIfAborted();
    options.report('No more kills; waiting for what was asked.');
    const rested = await system.drain(REST_WITHIN_MS);
    const evidence = await gather(system, topics, options.clients, deeds);
    const breaches = judge(evidence);
    if (!rested) breaches.push({ promise: 1, side: 'client', what: `not all clients were answered within ${REST_WITHIN_MS / 1000} s` });
    const results = [...outcomesOf(evidence.ledger).values()].flatMap((all) => all.slice(0, 1));
    const facts = {
      ...factsOf(kills, results, await effectsOf(system)),
      'deeds of the operator': counted(deeds.map(({ deed }) => deed)),
      'garbage taken by the server': [...garbage].map(([kind, n]) => `${kind}: ${n}`).join(', '),
      'stuck topics that a worker reset': await unstuckBy(system),
      'answered in bursts': results.filter(({ prompt_id }) => isOfBurst(prompt_id)).length,
      'duration, s': Math.round((performance.now() - startedAt) / 1000),
    };
    return { breaches, facts };
  } finally {
    await system.dispose(options.keep ?? false);
  }
}

/** Neither of them is killed; both end with the kills, so that what they left can come to rest. */
function disturb(system: System, topics: string[], { seed, operator, garbage }: ChaosOptions) {
  const over = new AbortController();
  const client = system.client();
  const file = join(system.dir, 'operator.jsonl');
  const operating = operator ? operate({ client, topics, dice: diceOf(seed + 1), file }, over.signal) : [];
  const littering = garbage ? litter({ client, topics, dice: diceOf(seed + 2) }, over.signal) : new Map<string, number>();
  const done = Promise.all([operating, littering]).finally(() => client.connection.close());
  return {
    end: async () => {
      over.abort();
      const [deeds, taken] = await done;
      return { deeds, garbage: taken };
    },
  };
}

async function killAround(system: System, { seed, kills, prompts, gapMs, minutes = Infinity, report, signal }: ChaosOptions): Promise<Record<Victim, number>> {
  const dice = diceOf(seed);
  const done: Record<Victim, number> = { worker: 0, server: 0, 'server and tools': 0, temporal: 0, client: 0, all: 0 };
  let total = 0;
  let saidAt = 0;
  const asked = () => new Set(system.model.requests().flatMap(({ asks }) => asks)).size;
  await until(() => asked() > 0 || signal?.aborted === true, BEGINS_WITHIN_MS);
  if (asked() === 0) throw new Error(`No prompt reached the model within ${BEGINS_WITHIN_MS / 1000} s. The logs in ${system.dir} say why.`);
  const over = performance.now() + minutes * 60_000;
  while (!signal?.aborted && performance.now() < over && (total < kills || asked() < prompts)) {
    await moment(system, dice, gapMs);
    const victim = dice.pick(VICTIMS);
    const hit = await system.kill(victim, dice.upTo(100));
    if (hit === 0) continue;
    done[victim] += 1;
    total += hit;
    if (total - saidAt < 25) continue;
    saidAt = total;
    report(`${total} kills, ${asked()} prompts reached the model`);
  }
  return done;
}

/**
 * Blow on blow, and now and then time to come back to life: until the model was asked some times, half of the time within 60 ms of it,
 * in the middle of a turn.
 */
async function moment(system: System, dice: Dice, gapMs: number): Promise<void> {
  const [calm, atOnce] = [dice.upTo(3) === 0, dice.upTo(1) === 1];
  const wait = dice.upTo(calm && atOnce ? 60 : gapMs);
  if (calm) {
    const enough = system.model.requests().length + REQUESTS_IN_CALM;
    await until(() => system.model.requests().length >= enough, PATIENCE_MS);
  }
  await sleep(wait);
}

async function until(isTrue: () => boolean, withinMs: number): Promise<void> {
  for (const end = Date.now() + withinMs; Date.now() < end && !isTrue(); ) await sleep(5);
}

function factsOf(kills: Record<Victim, number>, results: TurnResult[], effects: Map<string, number>): Record<string, string | number> {
  return {
    'processes killed': kills.worker + kills.server + kills['server and tools'] + kills.temporal + kills.client + 4 * kills.all,
    'by victim': Object.entries(kills).map(([victim, n]) => `${victim}: ${n}`).join(', '),
    'prompts answered': results.length,
    'by status': counted(results.map(({ status, error }) => (error ? `${status} ${error.code}` : status))),
    'why those failed': counted(results.flatMap(({ error }) => (error ? [error.message.replace(/\b(ses_|p-)[\w-]+/g, '$1…')] : []))),
    'how a crash was survived': counted(results.map(({ recovered }) => recovered ?? 'none needed')),
    'attempts': counted(results.map(({ attempts }) => attempts)),
    'times that a turn’s tools ran': counted([...effects.values()]),
  };
}

function counted<K extends string | number>(keys: K[]): string {
  const counts = new Map<K, number>();
  for (const key of keys.sort()) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].map(([key, n]) => `${key}: ${n}`).join(', ');
}
