/**
 * Waits for a turn, shows its progress, and lets a person at the terminal answer what it asks. Ctrl-C
 * or SIGTERM stops the waiting, not the turn.
 */
import type { ConnectionEvent } from '../client/connection-watch.js';
import type { TopicEvent } from '../client/watch-topic.js';
import type { Accepted, TurnResult } from '../contract/types.js';
import { Answering, type Answers } from './answering.js';
import { LEFT } from './interrupted.js';
import type { Output } from './terminal/output.js';
import { progressLine } from './terminal/progress-line.js';
import { showResult } from './terminal/show-result.js';
import { quoted } from './terminal/words.js';

export interface Waiter {
  output: Output;
  /** Of `untilInterrupted`. */
  signal: AbortSignal;
  manager: Answers;
}

export interface WaitHooks {
  signal: AbortSignal;
  onEvent?: (event: TopicEvent) => void;
  onConnection?: (event: ConnectionEvent) => void;
}

/** @returns undefined when the person stopped waiting, through the signal of `untilInterrupted` */
export async function untilEnded(
  { output, signal, manager }: Waiter,
  wait: (waiting: WaitHooks) => Promise<TurnResult>,
): Promise<TurnResult | undefined> {
  const person = output.showsProgress && process.stdin.isTTY ? new Answering(output, manager) : undefined;
  const line = progressLine(output, person);
  try {
    signal.throwIfAborted();
    const result = await wait({ signal, ...line.reporting });
    person?.ended();
    return result;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    line.clear();
  }
}

type Send = (waiting: WaitHooks & { onAccepted: (accepted: Accepted) => void }) => Promise<TurnResult>;

/** Sends a prompt and waits for its outcome. @returns the exit code */
export async function sendAndWait(waiter: Waiter, promptId: string, send: Send): Promise<number> {
  const { output } = waiter;
  let accepted: Accepted | undefined;
  const result = await untilEnded(waiter, (waiting) =>
    send({ ...waiting, onAccepted: (known) => void (accepted = known) }),
  );
  if (result) return showResult(result, output);
  leave(output, promptId, accepted);
  return LEFT;
}

/** Says `accepted` only when the prompt is known to be in the history. */
function leave(output: Output, promptId: string, accepted: Accepted | undefined): void {
  if (output.json) output.answer(accepted ?? { status: 'unknown', prompt_id: promptId }, '');
  if (!accepted) {
    output.note(`No longer waiting. It is unknown whether prompt ${promptId} was accepted.`);
    output.note(
      `Run the same command with --id ${quoted(promptId)}: it sends the prompt at most once, and waits for it.`,
    );
    return;
  }
  const [topic, id] = [quoted(accepted.topic), quoted(accepted.prompt_id)];
  output.note(`No longer waiting. The prompt is accepted and goes on.`);
  output.note(`Its outcome: continuity outcome ${topic} ${id} --wait`);
  output.note(`To stop it:  continuity cancel ${topic} ${id}`);
}
