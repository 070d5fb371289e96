/**
 * Checks whether a worker takes prompts. Temporal lists a worker for minutes after it was killed.
 * So this host's worker is also checked on this host: a worker that lives holds the data
 * directory's lock.
 */
import type { Connection } from '@temporalio/client';
import { failure } from '../../contract/failures.js';
import { CONTINUITY, hostQueueOf } from '../../contract/messages.js';
import { knownHostId } from '../../host/host-id.js';
import { workerHealth } from '../../host/worker-state.js';
import { fine, wrong, type Finding } from './check.js';

/** A worker polls for a minute at a time, then polls again at once. */
const ASKED_WITHIN_MS = 90_000;
/** temporal.api.enums.v1.TaskQueueType */
const [WORKFLOWS, ACTIVITIES] = [1, 2];
const START = 'Start one with: continuity worker, or: continuity up';

export async function checkWorker(connection: Connection, namespace: string, dataDir: string): Promise<Finding> {
  const asking = async (queue: string, type: number): Promise<string[]> => {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: queue },
      taskQueueType: type,
    });
    const recent = (pollers ?? []).filter(
      ({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000 < ASKED_WITHIN_MS,
    );
    return recent.map(({ identity }) => identity ?? '');
  };
  const missing = (queue: string, found = '') =>
    wrong('worker', failure('NO_WORKER', `No worker polls task queue ${queue}${found}.`, START));
  const host = await knownHostId(dataDir);
  const topics = await asking(CONTINUITY, WORKFLOWS);
  if (host === undefined) {
    if (topics.length === 0) return missing(CONTINUITY);
    return fine('worker', topics.join(', '), `It is on another host: no worker has run on ${dataDir}.`);
  }
  const { alive, detail } = await workerHealth(dataDir);
  if (!alive) return missing(hostQueueOf(host), `: ${detail}`);
  if ((await asking(hostQueueOf(host), ACTIVITIES)).length === 0)
    return missing(hostQueueOf(host), `, though ${detail}`);
  return topics.length > 0 ? fine('worker', detail) : missing(CONTINUITY, `, though ${detail}`);
}
