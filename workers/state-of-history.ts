/** Replays the history of a run, and says what its topic knew at the end of it. */
import { ReplayError, Worker, type InjectedSinks, type WorkflowBundle } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import type { History, StateOfHistory } from '../src/activities/context.js';
import { replayedUpTo } from '../src/contract/messages.js';
import { Semaphore } from '../src/semaphore.js';
import type { ReplaySinks } from '../src/workflows/replayed.js';

export function stateOfHistory(workflowBundle: WorkflowBundle): StateOfHistory {
  // An operator can end many topics at once, and each history is in memory while it is replayed.
  const replays = new Semaphore(1);
  return async (workflowId, history, signal) => {
    const release = await replays.acquire(signal);
    try {
      let state: unknown;
      const sinks: InjectedSinks<ReplaySinks> = {
        replayed: { carries: { fn: (_, carried) => void (state = carried), callDuringReplay: true } },
      };
      const replayName = replayedUpTo(lastTaskIn(history));
      await Worker.runReplayHistory({ workflowBundle, replayName, sinks }, history, workflowId);
      return { state };
    } catch (error) {
      // It would fail again. Whatever else is thrown may pass, such as that this worker shuts down.
      if (error instanceof DeterminismViolationError || error instanceof ReplayError) return { problem: error.message };
      throw error;
    } finally {
      release();
    }
  };
}

/** The event with which the last task started that a worker completed. */
function lastTaskIn({ events }: History): number {
  const completed = events?.findLast((event) => event.workflowTaskCompletedEventAttributes);
  return Number(completed?.workflowTaskCompletedEventAttributes?.startedEventId ?? 0);
}
