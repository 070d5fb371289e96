/**
 * Reads what the running turn is doing from the heartbeats of its activity. This adds nothing to
 * the history and needs no worker.
 */
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { workflowIdOf, type TopicId } from '../contract/ids.js';
import type { Usage } from '../contract/types.js';
import { oneLine } from './one-line.js';

export interface Progress {
  /** The attempt of the activity: 2 and more after a crash, 0 before the activity exists. */
  attempt: number;
  /** Why the attempt before this one broke off. */
  last_failure?: string;
  /** e.g. `bash: npm test` */
  step?: string;
  /** The end of the text so far. */
  text_tail?: string;
  usage?: Usage;
  worked_ms?: number;
  /** The topics whose turns worked in the same directory so far. */
  shares_directory_with?: TopicId[];
}

export const NO_WORKER_YET: Progress = { attempt: 0, step: 'no worker answers yet' };

/** The progress in a few words, e.g. `attempt 2 (activity Heartbeat timeout) · bash: npm test`. */
export function doingOf(progress: Progress | undefined): string {
  if (!progress) return 'waiting for the turn to begin';
  const { attempt, last_failure, step, text_tail } = progress;
  const doing = oneLine(step ?? text_tail?.slice(-80) ?? 'thinking', 80);
  if (attempt <= 1) return doing;
  return `attempt ${attempt}${last_failure === undefined ? '' : ` (${oneLine(last_failure, 80)})`} · ${doing}`;
}

const WATCHED = ['runTurn', 'runChecks'];

export async function progressOf(client: Client, topic: TopicId): Promise<Progress | undefined> {
  return progressIn(client, await client.workflow.getHandle(workflowIdOf(topic)).describe());
}

export function progressIn(client: Client, { raw }: WorkflowExecutionDescription): Progress | undefined {
  const pending = raw.pendingActivities?.find((activity) => WATCHED.includes(activity.activityType?.name ?? ''));
  if (!pending) return undefined;
  const [payload] = pending.heartbeatDetails?.payloads ?? [];
  const { payloadConverter } = client.options.loadedDataConverter;
  const broke = pending.lastFailure?.cause?.message || pending.lastFailure?.message;
  const details: Omit<Progress, 'attempt'> = payload ? payloadConverter.fromPayload(payload) : {};
  return { ...details, attempt: pending.attempt ?? 1, ...(broke && { last_failure: broke }) };
}

/**
 * Reports until the signal is aborted. A look that fails is skipped, because the outcome does not
 * depend on progress.
 */
export async function reportProgress(
  client: Client,
  topic: TopicId,
  report: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  const everyMs = 1000;
  while (!signal.aborted) {
    const progress = await progressOf(client, topic).catch(() => undefined);
    if (progress && !signal.aborted) report(progress);
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}
