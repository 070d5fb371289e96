/**
 * What signals ask of a worker. Signals of every kind count together.
 *
 * | signal | first |
 * |---|---|
 * | SIGINT, SIGHUP | Lets go of the turns and ends the agents: a person leaves, or the terminal has closed. |
 * | SIGTERM | Lets go of the turns. Agents go on with a running turn: a new worker follows. |
 *
 * The second signal of any kind skips the wait for turns. The third ends the process at once.
 */
import { EventEmitter, once } from 'node:events';
import { constants } from 'node:os';
import type { Log } from '../src/activities/context.js';

const NAMES = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type StopSignal = (typeof NAMES)[number];

/**
 * npm and npx forward the SIGINT that the terminal has also sent to this process. One key press is
 * one signal.
 */
const SAME_KEY_MS = 200;

export interface StopSignals {
  first: Promise<StopSignal>;
  second: Promise<StopSignal>;
  /** Whether any signal so far asks for the end of the agents. */
  endsAgents: () => boolean;
}

export function stopSignals(log: Log): StopSignals {
  const came: { name: StopSignal; at: number }[] = [];
  const counted = new EventEmitter();
  const nth = async (n: number) => ((await once(counted, String(n))) as [StopSignal])[0];
  for (const name of NAMES) {
    process.on(name, () => {
      const at = performance.now();
      if (came.some((before) => before.name === name && at - before.at < SAME_KEY_MS)) return;
      came.push({ name, at });
      if (came.length > 2) process.exit(exitCodeOf(name));
      log(came.length === 1 ? 'worker is stopping' : 'worker stops without waiting for its turns', { signal: name });
      counted.emit(String(came.length), name);
    });
  }
  return { first: nth(1), second: nth(2), endsAgents: () => came.some(({ name }) => name !== 'SIGTERM') };
}

/** The exit code with which a shell reports a process that a signal ended. */
export function exitCodeOf(signal: StopSignal): number {
  return 128 + constants.signals[signal];
}
