import * as wf from '@temporalio/workflow';
import * as limits from '../contract/limits.js';
import type { TurnResult } from '../contract/types.js';
import { sizeOf } from './remembered.js';

/**
 * One workflow task sends all its answers to the server in one message. So the outcomes in it share
 * `MAX_ANSWERED_BYTES`. A caller whose outcome does not fit gets `accepted` and asks again.
 */
export class Answers {
  #task = -1;
  #bytes = 0;

  /** The first outcome of a task always fits. */
  haveRoomFor(outcome: TurnResult): boolean {
    const task = wf.workflowInfo().historyLength;
    if (this.#task !== task) [this.#task, this.#bytes] = [task, 0];
    const bytes = this.#bytes + sizeOf(outcome).whole;
    if (this.#bytes > 0 && bytes > limits.MAX_ANSWERED_BYTES) return false;
    this.#bytes = bytes;
    return true;
  }
}
