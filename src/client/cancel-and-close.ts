/** Stops what a topic does. A topic that has ended runs nothing, and still knows its prompts. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { TopicId } from '../contract/ids.js';
import * as messages from '../contract/messages.js';
import type { Cancelled, Closed } from '../contract/answers.js';
import { askTopic, whyUnanswered } from './ask-topic.js';
import { isRunning } from './is-running.js';
import { again, updateWithStart } from './send-update.js';
import { sessionError } from './session-error.js';

/**
 * @throws SessionError INVALID_PROMPT for a prompt that the topic does not know;
 * WorkflowNotFoundError
 */
export async function cancelIn(
  handle: WorkflowHandle,
  topic: TopicId,
  request: messages.CancelRequest,
): Promise<Cancelled> {
  const { prompt_id } = request;
  if (await isRunning(handle)) return again(() => handle.executeUpdate(messages.cancel, { args: [request] }));
  if (prompt_id === undefined) return { prompt_id: null, effect: 'nothing_running' };
  const { state } = await handle.query(messages.outcome, prompt_id);
  if (state === 'unknown')
    throw sessionError('INVALID_PROMPT', `Topic ${topic} knows no prompt ${prompt_id}.`, { topic });
  return { prompt_id, effect: 'already_ended' };
}

export async function closeTopic(handle: WorkflowHandle, request: messages.CloseRequest): Promise<Closed> {
  if (!(await isRunning(handle))) return { remaining: 0 };
  return again(() => handle.executeUpdate(messages.close, { args: [request] }));
}

/** Also archives the sessions of a topic that has ended: it is started, and ends again. */
export async function closeAndArchive(
  client: Client,
  topic: TopicId,
  request: messages.CloseRequest,
  withinMs: number,
): Promise<Closed> {
  return again(async () => {
    const closing = await askTopic(client, topic, withinMs, () =>
      updateWithStart(client, topic, messages.close, request),
    );
    return closing.result();
  }).catch(async (error: unknown) => {
    throw await whyUnanswered(client, error, topic);
  });
}
