/** The Temporal workers of one process, run and shut down together. */
import { IllegalStateError } from '@temporalio/common';
import type { Worker } from '@temporalio/worker';

type Part = Pick<Worker, 'run' | 'shutdown' | 'getState'>;

export interface SessionWorker {
  /** Resolves after a shutdown. Rejects when a worker breaks. */
  run(): Promise<void>;
  /** Detaches from running turns. The next worker continues them. */
  shutdown(): void;
}

/** Where one breaks, the others are shut down, too. */
export function asOne(workers: readonly Part[]): SessionWorker {
  let isShutDown = false;
  const shutdown = () => {
    isShutDown = true;
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  return {
    shutdown,
    run: async () => {
      const runs = workers.map((worker) => worker.run());
      try {
        await Promise.all(runs);
      } catch (error) {
        const isClosing = isShutDown && isStillHeld(error);
        shutdown();
        const ends = await Promise.allSettled(runs);
        if (!isClosing) throw error;
        for (const end of ends) if (end.status === 'rejected' && !isStillHeld(end.reason)) throw end.reason;
      }
    },
  };
}

/**
 * SDK 1.24.0 may still hold a poll when it closes a worker that was shut down: "Worker still in
 * use". By then all work has ended.
 */
const isStillHeld = (error: unknown) => error instanceof IllegalStateError;
