/** The same topic with its commands in another order: what the other wrote, it cannot replay. */
import * as wf from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import { promptSignal } from '../../../src/contract/messages.js';

export async function topicSession(): Promise<unknown[]> {
  const got: unknown[] = [];
  wf.setHandler(promptSignal, (prompt) => void got.push(prompt));
  await wf.condition(() => got.length > 0);
  const second = wf.condition(() => got.length > 1, '1 hour');
  wf.upsertSearchAttributes([{ key: defineSearchAttributeKey('ContinuityState', 'KEYWORD'), value: 'running' }]);
  await second;
  return got;
}
