/**
 * Makes sure that the search attributes exist before the worker starts. An upsert of a missing one
 * would fail every workflow task of a topic.
 */
import type { NativeConnection } from '@temporalio/worker';
import { Failed, failure } from '../src/contract/failures.js';
import { SEARCH_ATTRIBUTES } from '../src/contract/search-attributes.js';

/** temporal.api.enums.v1.IndexedValueType */
const INDEXED_VALUE_TYPE = { Keyword: 2, Int: 3, Double: 4, KeywordList: 7 } as const;

/** @throws Failed SETUP_INCOMPLETE with the command to run */
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
    throw new Failed(
      failure(
        'SETUP_INCOMPLETE',
        `Namespace ${namespace} lacks the search attributes ${names}, and they could not be created: ${why}`,
        `Run: ${command}`,
      ),
      { cause },
    );
  }
}
