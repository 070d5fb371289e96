/** The least that a durable turn costs on Temporal, in ten lines each. */
import { condition, defineUpdate, proxyActivities, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';

interface Answers {
  answer(text: string): Promise<string>;
}

export const ask = defineUpdate<string, [string]>('ask');
const here = proxyActivities<Answers>({ startToCloseTimeout: '1 minute' });
const onHost = proxyActivities<Answers>({ startToCloseTimeout: '1 minute', taskQueue: 'floor.host' });
const STATE = defineSearchAttributeKey('ContinuityState', 'KEYWORD');

/**
 * The bare floor: an update and an activity. The server hands out the activity together with the
 * workflow task.
 */
export async function floor(): Promise<void> {
  setHandler(ask, (text) => here.answer(text));
  await condition(() => false);
}

/**
 * The floor of the design: the activity on the queue of the session's host, and the search
 * attributes.
 */
export async function floorOfDesign(): Promise<void> {
  setHandler(ask, async (text) => {
    upsertSearchAttributes([{ key: STATE, value: 'running' }]);
    const answer = await onHost.answer(text);
    upsertSearchAttributes([{ key: STATE, value: 'idle' }]);
    return answer;
  });
  await condition(() => false);
}
