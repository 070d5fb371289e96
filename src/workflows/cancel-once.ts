/**
 * A cancel takes effect once. A reset hands out again what came after its point, and a cancel that
 * names no prompt would stop whatever turn runs by then.
 */
import * as wf from '@temporalio/workflow';
import type { Cancelled } from '../contract/answers.js';
import { MAX_REMEMBERED_CANCELS } from '../contract/limits.js';
import type { CancelRequest } from '../contract/messages.js';
import { digestOf } from '../contract/text.js';
import type { Topic } from './topic.js';

export function cancelOnce(
  topic: Pick<Topic, 'state' | 'cancel'>,
  payload: CancelRequest | undefined | null,
): Cancelled {
  const update = wf.currentUpdateInfo()?.id;
  if (update === undefined || payload?.prompt_id !== undefined) return topic.cancel(payload);
  const key = digestOf(update);
  const before = topic.state.cancels?.find(([id]) => id === key);
  if (before) {
    const [, prompt_id] = before;
    return prompt_id === null ? { prompt_id, effect: 'nothing_running' } : topic.cancel({ ...payload, prompt_id });
  }
  const cancelled = topic.cancel(payload);
  topic.state.cancels = [...(topic.state.cancels ?? []), [key, cancelled.prompt_id] as const].slice(
    -MAX_REMEMBERED_CANCELS,
  );
  return cancelled;
}
