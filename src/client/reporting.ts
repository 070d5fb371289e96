/**
 * Reports progress, events and the connection to a waiting caller. The reports end with the wait.
 */
import type { Client } from '@temporalio/client';
import type { TopicId } from '../contract/ids.js';
import { reportConnection, type ConnectionEvent } from './connection-watch.js';
import { reportProgress, type Progress } from './watch-progress.js';
import { reportEvents, type TopicEvent } from './watch-topic.js';

export interface Reports {
  onProgress?: ((progress: Progress) => void) | undefined;
  onEvent?: ((event: TopicEvent) => void) | undefined;
  onConnection?: ((event: ConnectionEvent) => void) | undefined;
}

export async function reporting<T>(
  client: Client,
  topic: TopicId,
  reports: Reports,
  work: () => Promise<T>,
): Promise<T> {
  const { onProgress, onEvent, onConnection } = reports;
  if (!onProgress && !onEvent && !onConnection) return work();
  const over = new AbortController();
  const all = Promise.all([
    onProgress && reportProgress(client, topic, onProgress, over.signal),
    onEvent && reportEvents(client, topic, onEvent, over.signal),
    onConnection && reportConnection(client, onConnection, over.signal),
  ]);
  try {
    return await work();
  } finally {
    over.abort();
    await all;
  }
}
