/** A topic that accepts an update and leaves it open, for `unstick.test.ts`. */
import * as wf from '@temporalio/workflow';
import { prompt, promptSignal } from '../../../src/contract/messages.js';

export async function topicSession(): Promise<void> {
  wf.setHandler(promptSignal, () => undefined);
  wf.setHandler(prompt, () => wf.condition(() => false).then(() => undefined as never));
  await wf.condition(() => false);
}
