/** A worker starts only where the search attributes are: an upsert of one that is missing would wedge a topic for ever. */
import type { NativeConnection } from '@temporalio/worker';
import { failure } from '../src/contract/failures.js';
import { SEARCH_ATTRIBUTES } from '../src/contract/search-attributes.js';
import { WorkerError } from './failure-of.js';

/** temporal.api.enums.v1.IndexedValueType */
const INDEXED_VALUE_TYPE = { Keyword: 2, Int: 3, KeywordList: 7 } as const;

/** @throws WorkerError SETUP_INCOMPLETE with the command to run */
export async function ensureSearchAttributes(connection: NativeConnection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.entries(SEARCH_ATTRIBUTES).filter(([name]) => customAttributes?.[name] === undefined);
  if (missing.length === 0) return;
  try {
    const searchAttributes = Object.fromEntries(missing.map(([name, type]) => [name, INDEXED_VALUE_TYPE[type]]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const command = `temporal operator search-attribute create --namespace ${namespace} ${missing.map(([name, type]) => `--name ${name} --type ${type}`).join(' ')}`;
    const names = missing.map(([name]) => name).join(', ');
    throw new WorkerError(failure('SETUP_INCOMPLETE', `Namespace ${namespace} lacks the search attributes ${names}, and they could not be created: ${why}`, `Run: ${command}`), { cause });
  }
}
