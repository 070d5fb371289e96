/**
 * Finds what programs have left running. Linux only: other systems do not show another process's
 * environment. A process that clears its environment is found only below one that has not.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { allProcesses, bootId, commandOf, environmentOf, ticksSinceBoot } from './proc.js';
import { endProcess, identityOf, type ProcessIdentity } from './process-identity.js';

/** A moment since this machine was started. A change of its clock does not move it. */
export interface Moment {
  boot: string;
  ticks: number;
}

/** `environment`: with which it was started. That of its parent where it has cleared its own. */
export interface Leftover extends ProcessIdentity {
  command: string[];
  startedAt: Date;
  environment: Readonly<Record<string, string>>;
}

const TICK_MS = 10;
const ENDS_WITHIN_MS = 3_000;
const ROUNDS = 5;

/** `undefined` on other systems than Linux. */
export function thisMoment(): Moment | undefined {
  const [boot, ticks] = [bootId(), ticksSinceBoot()];
  return boot === undefined || ticks === undefined ? undefined : { boot, ticks };
}

/**
 * The processes of which `isMeant` holds, with their descendants, that were started since the
 * moment, oldest first. None when the machine was started since.
 */
export async function startedSince(
  since: Moment,
  isMeant: (environment: Readonly<Record<string, string>>) => boolean,
): Promise<Leftover[]> {
  const now = thisMoment();
  if (!now || now.boot !== since.boot) return [];
  const young = allProcesses().filter(({ startTicks }) => Number(startTicks) >= since.ticks);
  const environments = new Map<number, Readonly<Record<string, string>>>();
  // A parent is older than its child.
  young.sort((one, other) => Number(one.startTicks) - Number(other.startTicks) || one.pid - other.pid);
  for (const { pid, parent } of young) {
    const own = environmentOf(pid);
    const meant = own && isMeant(own) ? own : environments.get(parent);
    if (meant && pid !== process.pid) environments.set(pid, meant);
  }
  const found = await Promise.all(
    young.map(async ({ pid, startTicks }) => {
      const environment = environments.get(pid);
      const identity = environment && (await identityOf(pid));
      const startedAt = new Date(Date.now() - (now.ticks - Number(startTicks)) * TICK_MS);
      return identity && { ...identity, command: commandOf(pid) ?? [], startedAt, environment };
    }),
  );
  return found.flatMap((one) => one ?? []);
}

/** Ends what `find` finds, until it finds nothing. @returns all that was ended */
export async function endAll<P extends ProcessIdentity>(find: () => Promise<readonly P[]>): Promise<P[]> {
  const ended = new Map<string, P>();
  for (let round = 0; round < ROUNDS; round++) {
    const found = await find();
    if (found.length === 0) break;
    await Promise.all(found.map((one) => endProcess(one, 'SIGTERM', ENDS_WITHIN_MS)));
    for (const one of found) ended.set(`${one.pid} ${one.started}`, one);
    await sleep(TICK_MS);
  }
  return [...ended.values()];
}
