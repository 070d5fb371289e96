/** Waiting for a turn at a terminal: what the turn does is shown as it happens, and Ctrl-C stops the waiting, not the turn. */
import type { ConnectionEvent } from '../client/connection-watch.js';
import type { TopicEvent } from '../client/watch-topic.js';
import type { Accepted, TurnResult } from '../contract/types.js';
import { LEFT } from './interrupted.js';
import type { Output } from './output.js';
import { progressLine } from './progress-line.js';
import { showResult } from './show-result.js';
import { quoted } from './words.js';

export interface Waiting {
  signal: AbortSignal;
  onEvent?: (event: TopicEvent) => void;
  onConnection?: (event: ConnectionEvent) => void;
}

/** @returns nothing when the person stopped waiting, by the signal of `untilInterrupted` */
export async function untilEnded(output: Output, signal: AbortSignal, wait: (waiting: Waiting) => Promise<TurnResult>): Promise<TurnResult | undefined> {
  const line = progressLine(output);
  try {
    signal.throwIfAborted();
    return await wait({ signal, ...line.reporting });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    line.clear();
  }
}

type Send = (waiting: Waiting & { onAccepted: (accepted: Accepted) => void }) => Promise<TurnResult>;

/** Sends a prompt and waits for its outcome. @returns the exit code */
export async function sendAndWait(output: Output, signal: AbortSignal, promptId: string, send: Send): Promise<number> {
  let accepted: Accepted | undefined;
  const result = await untilEnded(output, signal, (waiting) => send({ ...waiting, onAccepted: (known) => void (accepted = known) }));
  if (result) return showResult(result, output);
  leave(output, promptId, accepted);
  return LEFT;
}

/** `accepted` is said only of a prompt that is known to be in history. */
function leave(output: Output, promptId: string, accepted: Accepted | undefined): void {
  if (output.json) output.answer(accepted ?? { status: 'unknown', prompt_id: promptId }, '');
  if (!accepted) {
    output.note(`No longer waiting. Whether prompt ${promptId} was accepted is not known.`);
    output.note(`The same command with --id ${quoted(promptId)} sends it at most once, and waits for it.`);
    return;
  }
  const [topic, id] = [quoted(accepted.topic), quoted(accepted.prompt_id)];
  output.note(`No longer waiting; the prompt is accepted and goes on.`);
  output.note(`Its outcome: continuity outcome ${topic} ${id} --wait`);
  output.note(`To stop it:  continuity cancel ${topic} ${id}`);
}
