/**
 * Reports progress, events, waits and the connection to a waiting caller. The reports end with the wait.
 */
import type { Client } from '@temporalio/client';
import type { Waiting } from '../contract/asks.js';
import type { PromptId, TopicId } from '../contract/ids.js';
import { reportConnection, type ConnectionEvent } from './connection-watch.js';
import { reportWaiting } from './report-waiting.js';
import { reportProgress, type Progress } from './watch-progress.js';
import { reportEvents, type TopicEvent } from './watch-topic.js';

export interface Reports {
  onProgress?: ((progress: Progress) => void) | undefined;
  onEvent?: ((event: TopicEvent) => void) | undefined;
  onConnection?: ((event: ConnectionEvent) => void) | undefined;
  onWaiting?: ((waiting: Waiting | undefined) => void) | undefined;
}

export async function reporting<T>(
  client: Client,
  prompt: { topic: TopicId; prompt_id: PromptId },
  reports: Reports,
  work: () => Promise<T>,
): Promise<T> {
  const { onProgress, onEvent, onConnection, onWaiting } = reports;
  if (!onProgress && !onEvent && !onConnection && !onWaiting) return work();
  const { topic } = prompt;
  const over = new AbortController();
  const all = Promise.all([
    onProgress && reportProgress(client, topic, onProgress, over.signal),
    onEvent && reportEvents(client, topic, onEvent, over.signal),
    onConnection && reportConnection(client, onConnection, over.signal),
    onWaiting && reportWaiting(client, prompt, onWaiting, over.signal),
  ]);
  try {
    return await work();
  } finally {
    over.abort();
    await all;
  }
}
