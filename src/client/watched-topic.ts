/** Watches a topic. Throws the reason if it does not answer. */
import type { Client } from '@temporalio/client';
import type { TopicId } from '../contract/ids.js';
import { whyUnanswered } from './ask-topic.js';
import { watchTopic, type TopicEvent } from './watch-topic.js';

/** @throws SessionError TOPIC_UNKNOWN, NO_WORKER */
export async function* watchedTopic(client: Client, topic: TopicId, signal: AbortSignal): AsyncGenerator<TopicEvent> {
  try {
    yield* watchTopic(client, topic, signal);
  } catch (error) {
    throw await whyUnanswered(client, error, topic);
  }
}
