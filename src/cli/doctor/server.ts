/**
 * Checks Temporal: whether it answers, its version, our namespace, our search attributes, and
 * whether a worker polls it.
 */
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { dataConverter } from '../../contract/client-options.js';
import { failure } from '../../contract/failures.js';
import { SEARCH_ATTRIBUTES } from '../../contract/search-attributes.js';
import { SUPPORTED } from '../../host/supported-versions.js';
import { checkCache, type Versions } from './cache.js';
import { fine, wrong, type Finding } from './check.js';
import { checkTopics } from './topics.js';
import { checkVersion } from './versions.js';
import { checkWorker } from './worker.js';

const WITHIN_MS = 5000;
/** google.rpc.Code */
const NOT_FOUND = 5;

export async function checkServer(
  running: string | undefined,
  dataDir: string,
  versions: Promise<Versions>,
): Promise<Finding[]> {
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const address = running ?? connectionOptions.address ?? 'localhost:7233';
  let connection: Connection;
  try {
    connection = await Connection.connect({ ...connectionOptions, address, connectTimeout: WITHIN_MS });
  } catch (cause) {
    return [
      wrong(
        'temporal',
        failure(
          'TEMPORAL_UNAVAILABLE',
          `Temporal does not answer at ${address}: ${cause instanceof Error ? cause.message : String(cause)}.`,
        ),
      ),
    ];
  }
  try {
    const client = new Client({ connection, dataConverter, namespace });
    return await client.withDeadline(Date.now() + WITHIN_MS, async () => {
      const server = await checked('temporal', () => checkServerVersion(connection, address));
      const there = await checked('namespace', () => checkNamespace(connection, namespace, address));
      if (!there.ok) return [server, there];
      const attributes = await checked('search attributes', () => checkAttributes(connection, namespace));
      const worker = await checked('worker', () => checkWorker(connection, namespace, dataDir));
      const topics = await checkTopics(client);
      // Topics answer through their worker. If they do not, the checks above say why.
      const cache = worker.ok ? await checkCache(client, versions).catch(() => []) : [];
      return [server, there, attributes, worker, ...topics, ...cache];
    });
  } finally {
    await connection.close();
  }
}

async function checked(check: string, look: () => Promise<Finding>): Promise<Finding> {
  return look().catch((error: unknown) =>
    wrong(
      check,
      failure(
        'TEMPORAL_UNAVAILABLE',
        `Temporal did not answer the check: ${error instanceof Error ? error.message : String(error)}.`,
      ),
    ),
  );
}

async function checkServerVersion(connection: Connection, address: string): Promise<Finding> {
  const { serverVersion } = await connection.workflowService.getSystemInfo({});
  if (!serverVersion) return fine('temporal', address); // A service such as Temporal Cloud may not report its version.
  return checkVersion('temporal', SUPPORTED.temporalServer, serverVersion, `${address}, version ${serverVersion}`);
}

async function checkNamespace(connection: Connection, namespace: string, address: string): Promise<Finding> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return fine('namespace', namespace);
  } catch (error) {
    if ((error as { code?: unknown }).code !== NOT_FOUND) throw error;
    const command = `temporal operator namespace create --namespace ${namespace} --retention 90d --address ${address}`;
    return wrong(
      'namespace',
      failure('SETUP_INCOMPLETE', `Temporal at ${address} has no namespace ${namespace}.`, `Run: ${command}`),
    );
  }
}

async function checkAttributes(connection: Connection, namespace: string): Promise<Finding> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.entries(SEARCH_ATTRIBUTES).filter(([name]) => !customAttributes[name]);
  if (missing.length === 0) return fine('search attributes', `all ${Object.keys(SEARCH_ATTRIBUTES).length}`);
  const flags = missing.map(([name, type]) => `--name ${name} --type ${type}`).join(' ');
  const message = `Namespace ${namespace} has no search attribute ${missing.map(([name]) => name).join(', ')}.`;
  return wrong(
    'search attributes',
    failure(
      'SETUP_INCOMPLETE',
      message,
      `A worker creates them at its start when it has the permission. Otherwise run: temporal operator search-attribute create --namespace ${namespace} ${flags}`,
    ),
  );
}
