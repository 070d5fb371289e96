/** What Temporal says: does it answer, does it know our search attributes, does a worker ask it for work? */
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { failure } from '../../contract/failures.js';
import { CONTINUITY } from '../../contract/messages.js';
import { SEARCH_ATTRIBUTES } from '../../contract/search-attributes.js';
import { fine, wrong, type Finding } from './check.js';

const WITHIN_MS = 5000;
/** A worker asks for a minute at a time, and at once again. */
const ASKED_WITHIN_MS = 90_000;

export async function checkServer(running: string | undefined): Promise<Finding[]> {
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const address = running ?? connectionOptions.address ?? 'localhost:7233';
  let connection: Connection;
  try {
    connection = await Connection.connect({ ...connectionOptions, address, connectTimeout: WITHIN_MS });
  } catch (cause) {
    return [wrong('temporal', failure('TEMPORAL_UNAVAILABLE', `Temporal does not answer at ${address}: ${cause instanceof Error ? cause.message : String(cause)}.`))];
  }
  try {
    const client = new Client({ connection, namespace });
    return await client.withDeadline(Date.now() + WITHIN_MS, async () => [
      fine('temporal', `${address}, namespace ${namespace}`),
      await checked('search attributes', () => checkAttributes(connection, namespace)),
      await checked('worker', () => checkWorker(connection, namespace)),
    ]);
  } finally {
    await connection.close();
  }
}

async function checked(check: string, look: () => Promise<Finding>): Promise<Finding> {
  return look().catch((error: unknown) => wrong(check, failure('TEMPORAL_UNAVAILABLE', `Temporal did not say: ${error instanceof Error ? error.message : String(error)}.`)));
}

async function checkAttributes(connection: Connection, namespace: string): Promise<Finding> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.entries(SEARCH_ATTRIBUTES).filter(([name]) => !customAttributes[name]);
  if (missing.length === 0) return fine('search attributes', `all ${Object.keys(SEARCH_ATTRIBUTES).length}`);
  const flags = missing.map(([name, type]) => `--name ${name} --type ${type}`).join(' ');
  const message = `Namespace ${namespace} has no search attribute ${missing.map(([name]) => name).join(', ')}.`;
  return wrong('search attributes', failure('SETUP_INCOMPLETE', message, `A worker creates them when it starts, where it may; else run: temporal operator search-attribute create --namespace ${namespace} ${flags}`));
}

async function checkWorker(connection: Connection, namespace: string): Promise<Finding> {
  const { pollers } = await connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: CONTINUITY }, taskQueueType: 1 });
  const recent = (pollers ?? []).filter(({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000 < ASKED_WITHIN_MS);
  if (recent.length > 0) return fine('worker', recent.map(({ identity }) => identity).join(', '));
  return wrong('worker', failure('NO_WORKER', `No worker has asked task queue ${CONTINUITY} for work lately.`, 'Start one with: continuity worker, or: continuity up'));
}
