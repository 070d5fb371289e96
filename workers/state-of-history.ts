/**
 * Replays the history of a run, and says what its topic knew at the end of it. A run that was stuck
 * when it was ended has a history that cannot be replayed to its end. It is replayed as far as it
 * can be, and what came later is read from its events.
 */
import { ReplayError, Worker, type InjectedSinks, type WorkflowBundle } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import type { History, StateOfHistory } from '../src/activities/context.js';
import { replayedUpTo } from '../src/contract/messages.js';
import { isTopicState } from '../src/contract/state.js';
import { Semaphore } from '../src/semaphore.js';
import type { ReplaySinks } from '../src/workflows/replayed.js';
import { goOnAfterBreak } from './after-the-break.js';

/** How often a history is cut before it is given up. Each cut is at an earlier task. */
const MOST_CUTS = 20;

export function stateOfHistory(workflowBundle: WorkflowBundle): StateOfHistory {
  // An operator can end many topics at once, and each history is in memory while it is replayed.
  const replays = new Semaphore(1);
  return async (workflowId, history, signal) => {
    const release = await replays.acquire(signal);
    try {
      let problem = 'it has no task that can be replayed';
      let whole = history;
      for (let cuts = 0; cuts <= MOST_CUTS && lastTaskIn(whole) > 0; cuts += 1) {
        try {
          const state = await replayed(workflowBundle, whole, workflowId);
          if (cuts > 0 && isTopicState(state)) goOnAfterBreak(state, history, lastTaskIn(whole), workflowId);
          return { state };
        } catch (error) {
          // It would fail again. Whatever else is thrown may pass, such as that this worker shuts down.
          if (!(error instanceof DeterminismViolationError || error instanceof ReplayError)) throw error;
          problem = error.message;
          whole = beforeBreak(whole, problem);
        }
      }
      return { problem };
    } finally {
      release();
    }
  };
}

async function replayed(workflowBundle: WorkflowBundle, history: History, workflowId: string): Promise<unknown> {
  let state: unknown;
  const sinks: InjectedSinks<ReplaySinks> = {
    replayed: { carries: { fn: (_, carried) => void (state = carried), callDuringReplay: true } },
  };
  const replayName = replayedUpTo(lastTaskIn(history));
  await Worker.runReplayHistory({ workflowBundle, replayName, sinks }, history, workflowId);
  return state;
}

/**
 * The history up to the task that wrote what cannot be replayed. If the problem does not name an
 * event, that is the last task.
 */
function beforeBreak({ events, ...history }: History, problem: string): History {
  const at = Number(/HistoryEvent\(id: (\d+)/.exec(problem)?.[1] ?? Infinity);
  const completed = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
  const broken = completed.findLast(({ eventId }) => Number(eventId) <= at) ?? completed.at(-1);
  const from = Number(broken?.workflowTaskCompletedEventAttributes?.scheduledEventId ?? 0);
  return { ...history, events: (events ?? []).filter(({ eventId }) => Number(eventId) < from) };
}

/** The event with which the last task started that a worker completed. */
function lastTaskIn({ events }: History): number {
  const completed = events?.findLast((event) => event.workflowTaskCompletedEventAttributes);
  return Number(completed?.workflowTaskCompletedEventAttributes?.startedEventId ?? 0);
}
