/** What the id of a new session is made from, so that a repeated attempt finds the same session. */
import { workflowIdOf, type TopicId } from '../contract/ids.js';

interface Opens {
  topic: TopicId;
  prompt_id: string;
  epoch?: string;
}

/**
 * The prompt's id alone is not unique: two topics, or two lives of one topic, can use it, and the turn of
 * one prompt may open two sessions.
 *
 * @param also what tells the second session of a turn, or a copy, from the first
 */
export function seedOf({ topic, prompt_id, epoch }: Opens, also?: string): string {
  return [workflowIdOf(topic), prompt_id, also, epoch && `epoch ${epoch}`].filter(Boolean).join('\n');
}
