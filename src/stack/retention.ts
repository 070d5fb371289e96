/** How long a closed topic can be found. */
import type { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';

const DAY_S = 24 * 60 * 60;
/** As in docker-compose.yml. */
const KEPT_DAYS = 90;

/** `start-dev` makes the namespace with one day, and has no flag for it (CLI 1.9). What a person has set otherwise stays. */
export async function keepClosedTopics({ workflowService }: Connection): Promise<void> {
  const { config } = await workflowService.describeNamespace({ namespace: 'default' });
  if (Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) !== DAY_S) return;
  await workflowService.updateNamespace({ namespace: 'default', config: { workflowExecutionRetentionTtl: msToTs(KEPT_DAYS * DAY_S * 1000) } });
}
