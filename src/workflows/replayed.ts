/**
 * Says what a topic knows at the end of a history that is replayed for that purpose
 * (`workers/state-of-history.ts`). It changes no command, and does nothing in any other worker.
 */
import * as wf from '@temporalio/workflow';
import { REPLAYED_QUEUE } from '../contract/messages.js';
import type { TopicState } from '../contract/state.js';
import type { Topic } from './topic.js';

export interface ReplaySinks extends wf.Sinks {
  replayed: { carries(state: TopicState): void };
}

export function tellReplayed(topic: Topic): void {
  const lastTask = Number(REPLAYED_QUEUE.exec(wf.workflowInfo().taskQueue)?.[1]);
  if (Number.isNaN(lastTask)) return;
  const { replayed } = wf.proxySinks<ReplaySinks>();
  // Temporal asks the condition after each thing that happens. It is never true.
  void wf.condition(() => {
    if (wf.workflowInfo().historyLength >= lastTask) replayed.carries(topic.carried());
    return false;
  });
}
