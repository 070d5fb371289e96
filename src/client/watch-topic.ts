/**
 * Follows a topic live. Progress of the running turn comes from the heartbeats of its activity.
 * Changes of the topic come from its view, which is asked for only when the history has grown. So
 * watching an idle topic asks no worker.
 */
import type { Client } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { workflowIdOf, type TopicId } from '../contract/ids.js';
import { view } from '../contract/messages.js';
import type { TopicView } from '../contract/views.js';
import { isUnanswered } from './grpc-errors.js';
import { isOpen } from './is-running.js';
import { progressIn, type Progress } from './watch-progress.js';

export type TopicEvent =
  /** No worker answers for the topic. It is asked again. */
  | { type: 'unanswered' }
  /** Sent at the start, and whenever the topic has changed. */
  | { type: 'view'; view: TopicView }
  /**
   * The progress of the running turn. `text`: what the agent has said since the event before. At
   * most its last 400 characters are seen.
   */
  | { type: 'progress'; progress: Progress; text: string };

const LOOK_EVERY_MS = 300;
const ANSWERS_WITHIN_MS = 3000;

export async function* watchTopic(client: Client, topic: TopicId, signal: AbortSignal): AsyncGenerator<TopicEvent> {
  const handle = client.workflow.getHandle(workflowIdOf(topic));
  let history = '';
  let seen = '';
  let tail = '';
  let unanswered = false;
  while (!signal.aborted) {
    const execution = await handle.describe();
    const grown = `${execution.runId} ${execution.historyLength} ${execution.status.name}`;
    const now = grown === history ? undefined : await viewOf(client, topic);
    if (now) {
      history = grown;
      yield { type: 'view', view: now };
    } else if (grown !== history && !unanswered) yield { type: 'unanswered' };
    unanswered = !now && grown !== history;
    if (!isOpen(execution)) return;
    const progress = progressIn(client, execution);
    const { text_tail = '', step, usage, attempt = 0 } = progress ?? {};
    const shown = JSON.stringify([attempt, step, usage, text_tail]);
    if (progress && shown !== seen) yield { type: 'progress', progress, text: saidSince(tail, text_tail) };
    [seen, tail] = [shown, progress ? text_tail : ''];
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined); // Aborted: the loop ends.
  }
}

/**
 * Reports until the signal is aborted. It waits for a topic that does not exist yet. As in
 * `reportProgress`, no failure stops the caller.
 */
export async function reportEvents(
  client: Client,
  topic: TopicId,
  report: (event: TopicEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const event of watchTopic(client, topic, signal)) if (!signal.aborted) report(event);
    } catch {
      // The topic is looked at again.
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined); // Aborted: the loop ends.
  }
}

/** `undefined` while no worker answers. The next look asks again. */
async function viewOf(client: Client, topic: TopicId): Promise<TopicView | undefined> {
  try {
    return await client.withDeadline(Date.now() + ANSWERS_WITHIN_MS, () =>
      client.workflow.getHandle(workflowIdOf(topic)).query(view),
    );
  } catch (error) {
    if (isUnanswered(error)) return undefined;
    throw error;
  }
}

/** The part of the second text that is new, where both are the ends of one growing text. */
export function saidSince(before: string, now: string): string {
  for (let at = 0; at < before.length; at += 1)
    if (now.startsWith(before.slice(at))) return now.slice(before.length - at);
  return now;
}
