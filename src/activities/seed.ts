/** Makes the seed of a new session's id, so that a repeated attempt finds the same session. */
import { workflowIdOf, type TopicId } from '../contract/ids.js';

interface Opens {
  topic: TopicId;
  prompt_id: string;
  epoch?: string;
}

/**
 * The prompt's id alone is not unique. Two topics, or two epochs of one topic, can use it, and one turn
 * may open two sessions.
 *
 * @param also distinguishes the second session of a turn, or a copy, from the first
 */
export function seedOf({ topic, prompt_id, epoch }: Opens, also?: string): string {
  return [workflowIdOf(topic), prompt_id, also, epoch && `epoch ${epoch}`].filter(Boolean).join('\n');
}
