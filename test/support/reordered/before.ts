/** A topic that writes its commands in one order, for `unstick.test.ts`. */
import * as wf from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import { promptSignal } from '../../../src/contract/messages.js';

export async function topicSession(): Promise<unknown[]> {
  const got: unknown[] = [];
  wf.setHandler(promptSignal, (prompt) => void got.push(prompt));
  await wf.condition(() => got.length > 0);
  wf.upsertSearchAttributes([{ key: defineSearchAttributeKey('ContinuityState', 'KEYWORD'), value: 'running' }]);
  await wf.condition(() => got.length > 1, '1 hour');
  return got;
}
