/** The killer: whom it hits, and at which moment. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelMoment } from '../../scripted/model.js';
import { diceOf, MOMENTS, VICTIMS, WITHIN_MS, type Dice, type Moment, type Victim } from './plan.js';
import type { System } from './system.js';

export interface Blows {
  /** Processes. */
  killed: number;
  victims: Record<Victim, number>;
  moments: Record<Moment, number>;
}

interface Killing {
  seed: number;
  kills: number;
  prompts: number;
  gapMs: number;
  minutes?: number;
  report: (line: string) => void;
  signal?: AbortSignal;
}

/**
 * Then it is killed all the same: whatever hangs must not keep the killer away. A slow machine needs
 * half a minute to come back from a kill of everything.
 */
const PATIENCE_MS = { calm: 45_000, moment: 14_000 };
const BEGINS_WITHIN_MS = 120_000;
const REQUESTS_IN_CALM = 4;
/** A heartbeat is missed after 8 s. */
const LATE_BY_MS = [500, 12_000] as const;

export async function killAround(system: System, killing: Killing): Promise<Blows> {
  const { seed, kills, prompts, minutes = Infinity, report, signal } = killing;
  const dice = diceOf(seed);
  const blows: Blows = { killed: 0, victims: noneOf(VICTIMS), moments: noneOf(MOMENTS) };
  let saidAt = 0;
  const asked = () => new Set(system.model.requests().flatMap(({ asks }) => asks)).size;
  await until(() => asked() > 0 || signal?.aborted === true, BEGINS_WITHIN_MS);
  if (asked() === 0)
    throw new Error(
      `No prompt reached the model within ${BEGINS_WITHIN_MS / 1000} s. The logs in ${system.dir} say why.`,
    );
  const over = performance.now() + minutes * 60_000;
  while (!signal?.aborted && performance.now() < over && (blows.killed < kills || asked() < prompts)) {
    const moment = await nextMoment(system, dice, killing.gapMs);
    const victim = dice.pick(VICTIMS);
    const [any, lateByMs] = [dice.upTo(100), LATE_BY_MS[0] + dice.upTo(LATE_BY_MS[1] - LATE_BY_MS[0])];
    const hit = victim === 'late worker' ? 0 : await system.kill(victim, any);
    if (hit === 0 && !(victim === 'late worker' && system.stopWorkerFor(lateByMs))) continue;
    blows.victims[victim] += 1;
    blows.moments[moment] += 1;
    blows.killed += hit;
    if (blows.killed - saidAt < 25) continue;
    saidAt = blows.killed;
    report(`${blows.killed} kills, ${asked()} prompts reached the model`);
  }
  return blows;
}

/**
 * Blow on blow, and now and then time to come back to life: until the model was asked some times.
 */
async function nextMoment(system: System, dice: Dice, gapMs: number): Promise<Moment> {
  const [calm, moment] = [dice.upTo(3) === 0, dice.pick(MOMENTS)];
  const share = dice.upTo(1_000_000) / 1_000_000;
  if (calm) {
    const enough = system.model.requests().length + REQUESTS_IN_CALM;
    await until(() => system.model.requests().length >= enough, PATIENCE_MS.calm);
  }
  if (moment !== 'at any time' && (await comes(system, moment))) {
    await sleep(share * WITHIN_MS[moment]);
    return moment;
  }
  await sleep(share * gapMs);
  return 'at any time';
}

const OF_MODEL = {
  'after a request': 'asked',
  'in a stream': 'streams',
  'in a tool': 'calls',
  'after the result': 'answered',
} satisfies Partial<Record<Moment, ModelMoment>>;

/** @returns whether it came in time */
async function comes(system: System, moment: Exclude<Moment, 'at any time'>): Promise<boolean> {
  let ends: () => void = () => undefined;
  const came = new Promise<true>((resolve) => {
    const on = () => resolve(true);
    ends =
      moment === 'at a put'
        ? system.onPut(on)
        : system.model.listen((now) => {
            if (now === OF_MODEL[moment]) on();
          });
  });
  const waiting = new AbortController();
  const inVain = sleep(PATIENCE_MS.moment, false as const, { signal: waiting.signal }).catch(() => false as const);
  try {
    return await Promise.race([came, inVain]);
  } finally {
    ends();
    waiting.abort();
  }
}

async function until(isTrue: () => boolean, withinMs: number): Promise<void> {
  for (const end = Date.now() + withinMs; Date.now() < end && !isTrue();) await sleep(5);
}

function noneOf<T extends string>(names: Record<T, number>): Record<T, number> {
  return Object.fromEntries(Object.keys(names).map((name) => [name, 0])) as Record<T, number>;
}
