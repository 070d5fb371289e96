/** How a topic's workflow is started where none runs: it recalls by itself what the topic knew. */
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
    staticDetails: 'One line of work with a coding agent. What it is doing stands under *Current Details*; the query `view` tells it as JSON.',
  };
}
