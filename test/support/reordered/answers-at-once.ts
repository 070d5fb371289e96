/** The same topic, which answers the update as it accepts it. Its replay drops that answer. */
import * as wf from '@temporalio/workflow';
import { prompt, promptSignal } from '../../../src/contract/messages.js';

export async function topicSession(): Promise<string> {
  let got: string | undefined;
  wf.setHandler(promptSignal, () => undefined);
  wf.setHandler(prompt, (request) => {
    got = request.prompt;
    return undefined as never;
  });
  await wf.condition(() => got !== undefined);
  return got!;
}
