/**
 * The options that start a topic's workflow when none runs. The workflow recalls the topic's state
 * itself.
 */
import { workflowIdOf, type TopicId } from '../contract/ids.js';
import { CONTINUITY } from '../contract/messages.js';
import type { TopicInput } from '../contract/state.js';

export function startOptions(topic: TopicId) {
  return {
    workflowId: workflowIdOf(topic),
    taskQueue: CONTINUITY,
    args: [{}] as [TopicInput],
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
    staticSummary: topic,
    staticDetails:
      'One line of work with a coding agent. *Current Details* shows what it is doing. The query `view` answers the same as JSON.',
  };
}
