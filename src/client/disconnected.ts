/** What a caller learns of its prompt when its manager is disconnected: it depends on how far the prompt came. */
import type { PromptId, TopicId } from '../contract/ids.js';
import { sessionError, type SessionError } from './session-error.js';

/** `sent`: it is not known whether it is in history. */
export type Reached = 'nothing' | 'sent' | 'accepted';

export function disconnected(topic: TopicId, prompt_id: PromptId, reached: Reached): SessionError {
  const facts = { topic, prompt_id };
  if (reached === 'nothing') return sessionError('TEMPORAL_UNAVAILABLE', `The manager was disconnected before it sent prompt ${prompt_id}.`, facts);
  const became = reached === 'accepted' ? 'The prompt is accepted.' : 'It may have been accepted.';
  return sessionError('OUTCOME_UNKNOWN', `The manager was disconnected before the outcome of prompt ${prompt_id} was known. ${became}`, facts);
}
