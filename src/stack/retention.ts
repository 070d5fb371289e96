/** How long a closed topic can be found in Temporal. */
import type { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';

const DAY_S = 24 * 60 * 60;
/** docker-compose.yml has the same value. */
const KEPT_DAYS = 90;

/**
 * `start-dev` creates the namespace with a retention of one day and has no flag for it (CLI 1.9). A
 * retention that a person has set is kept.
 */
export async function keepClosedTopics({ workflowService }: Connection): Promise<void> {
  const { config } = await workflowService.describeNamespace({ namespace: 'default' });
  if (Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) !== DAY_S) return;
  await workflowService.updateNamespace({
    namespace: 'default',
    config: { workflowExecutionRetentionTtl: msToTs(KEPT_DAYS * DAY_S * 1000) },
  });
}
