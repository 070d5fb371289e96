/** The bare floor: an update and an activity, in a workflow of ten lines. */
import { condition, defineUpdate, proxyActivities, setHandler } from '@temporalio/workflow';

export const ask = defineUpdate<string, [string]>('ask');
const { answer } = proxyActivities<{ answer(text: string): Promise<string> }>({ startToCloseTimeout: '1 minute' });

export async function floor(): Promise<void> {
  setHandler(ask, (text) => answer(text));
  await condition(() => false);
}
