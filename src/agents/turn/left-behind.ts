/** Reports what the tools of a turn have left running, and ends it where that is wanted. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LeftBehind } from '../../contract/left-behind.js';
import { MAX_LEFT_BEHIND } from '../../contract/limits.js';
import { endAll, thisMoment, type Leftover, type Moment } from '../../host/leftovers.js';
import type { AgentOutcome, TurnRequest } from '../agent.js';
import { Unreachable, type PromptKey } from '../driver.js';
import type { TurnContext } from './attempt.js';

/** OpenCode 1.18.33 kills a tool that ignores SIGTERM after 3 s. */
const STOPPED_WITHIN_MS = 4_000;
/** Servers of MCP end soon after the agent that has used them. */
const ENDED_WITHIN_MS = 500;
/** A process that ends soon delays the outcome by little. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 200;
const MAX_COMMAND = 200;

/** Call it before anything is put in. What runs already is not the turn's. */
export async function noteBegin({ driver, notes }: TurnContext, key: PromptKey): Promise<void> {
  if (!driver.leftRunning || (await notes.has('begun', key))) return;
  const now = thisMoment();
  // A full disk: the turn is worth more than the report.
  if (now) await notes.add('begun', key, JSON.stringify(now)).catch(() => undefined);
}

/** The outcome, with what was left running. Where that cannot be found out, the outcome alone. */
export async function withLeftBehind(
  outcome: AgentOutcome,
  { session, ends_left_behind }: TurnRequest,
  { driver, notes }: TurnContext,
  key: PromptKey,
): Promise<AgentOutcome> {
  if (!driver.leftRunning) return outcome;
  const since = momentIn(await notes.read('begun', key));
  if (outcome.status !== 'failed') await notes.remove('begun', key); // A turn that failed may go on.
  if (!since) return outcome;
  const find = () => driver.leftRunning?.(session, since) ?? Promise.resolve([]);
  const wasStopped = outcome.status === 'cancelled';
  try {
    const left = await whatStays(find, wasStopped ? STOPPED_WITHIN_MS : ENDED_WITHIN_MS);
    const isEnded = wasStopped && ends_left_behind === true && left.length > 0;
    const told = isEnded ? await endAll(find) : left;
    if (told.length === 0) return outcome;
    return { ...outcome, left_behind: told.slice(0, MAX_LEFT_BEHIND).map((one) => shown(one, isEnded)) };
  } catch (error) {
    if (error instanceof Unreachable) return outcome;
    throw error;
  }
}

/** What was stopped may need a while to end. */
async function whatStays(find: () => Promise<Leftover[]>, withinMs: number): Promise<Leftover[]> {
  const end = performance.now() + withinMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    const left = await find();
    if (left.length === 0 || performance.now() > end) return left;
    await sleep(pause);
  }
}

function momentIn(note: string | undefined): Moment | undefined {
  try {
    return note === undefined ? undefined : (JSON.parse(note) as Moment);
  } catch {
    return undefined; // SyntaxError: the machine lost its power while it was written.
  }
}

function shown({ pid, command, startedAt }: Leftover, isEnded: boolean): LeftBehind {
  return {
    pid,
    command: command.join(' ').slice(0, MAX_COMMAND),
    since: startedAt.toISOString(),
    ...(isEnded && { ended: true }),
  };
}
