/** Waiting for a turn at a terminal: what it does is shown as it happens, and Ctrl-C that stops the waiting, not the turn. */
import type { TopicEvent } from '../client/watch-topic.js';
import type { TurnResult } from '../contract/types.js';
import type { Output } from './output.js';
import { progressLine } from './progress-line.js';

export interface Waiting {
  signal: AbortSignal;
  onEvent?: (event: TopicEvent) => void;
}

/** @returns nothing when the person stopped waiting; a second Ctrl-C ends the command at once */
export async function untilEnded(output: Output, wait: (waiting: Waiting) => Promise<TurnResult>): Promise<TurnResult | undefined> {
  const interrupted = new AbortController();
  const interrupt = () => (interrupted.signal.aborted ? process.exit(130) : interrupted.abort());
  process.on('SIGINT', interrupt);
  const line = progressLine(output);
  try {
    return await wait({ signal: interrupted.signal, ...line.reporting });
  } catch (error) {
    if (interrupted.signal.aborted) return undefined;
    throw error;
  } finally {
    line.clear();
    process.off('SIGINT', interrupt);
  }
}
