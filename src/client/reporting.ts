/** Reports what a topic does while some work on it lasts. */
import type { Client } from '@temporalio/client';
import type { TopicId } from '../contract/ids.js';
import { reportProgress, type Progress } from './watch-progress.js';
import { reportEvents, type TopicEvent } from './watch-topic.js';

interface Reports {
  onProgress?: ((progress: Progress) => void) | undefined;
  onEvent?: ((event: TopicEvent) => void) | undefined;
}

export async function reporting<T>(client: Client, topic: TopicId, { onProgress, onEvent }: Reports, work: () => Promise<T>): Promise<T> {
  if (!onProgress && !onEvent) return work();
  const over = new AbortController();
  const reports = Promise.all([
    onProgress && reportProgress(client, topic, onProgress, over.signal),
    onEvent && reportEvents(client, topic, onEvent, over.signal),
  ]);
  try {
    return await work();
  } finally {
    over.abort();
    await reports;
  }
}
