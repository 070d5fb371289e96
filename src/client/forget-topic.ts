/**
 * Erases a topic. Its newest run, which remembers nothing, is deleted last: the topic would
 * otherwise recall an older run.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { defined } from '../contract/defined.js';
import { workflowIdOf, type TopicId } from '../contract/ids.js';
import * as messages from '../contract/messages.js';
import { quotedInFilter } from '../contract/search-attributes.js';
import type { Forgotten } from '../contract/answers.js';
import { whyUnanswered } from './ask-topic.js';
import { isNotFound } from './grpc-errors.js';
import { again, updateWithStart } from './send-update.js';

export interface Forgot extends Forgotten {
  runs: {
    deleted: number;
    /** The ids of runs that the server still has. */
    kept: string[];
    kept_because?: string;
  };
}

/**
 * The server deletes in the background, once it has saved the progress of its task queue: every 30
 * to 60 s by default.
 */
const DELETED_WITHIN_MS = 90_000;
const LOOK_EVERY_MS = 100;

/** @throws SessionError TOPIC_UNKNOWN, NO_WORKER, TOPIC_STUCK, TEMPORAL_UNAVAILABLE */
export async function forgetTopic(client: Client, topic: TopicId, request: messages.ForgetRequest): Promise<Forgot> {
  try {
    return await forget(client, topic, request);
  } catch (error) {
    throw await whyUnanswered(client, error, topic);
  }
}

async function forget(client: Client, topic: TopicId, request: messages.ForgetRequest): Promise<Forgot> {
  const workflowId = workflowIdOf(topic);
  const [forgotten, newest] = await again(async () => {
    const update = await updateWithStart(client, topic, messages.forget, request);
    return [await update.result(), update.workflowRunId] as const;
  });
  const all = await runsOf(client, workflowId, newest);
  const older = all.filter((runId) => runId !== newest);
  const kept = await deleted(client, workflowId, older);
  const left =
    kept.runs.length === 0 && newest !== undefined
      ? await deleted(client, workflowId, [newest])
      : { ...kept, runs: [...kept.runs, newest ?? ''] };
  const { runs, because } = left;
  return {
    ...forgotten,
    runs: { deleted: all.length - runs.length, kept: runs, ...defined({ kept_because: because }) },
  };
}

/** The run that forgot, and those before it. A newer run belongs to the topic's next life. */
async function runsOf(client: Client, workflowId: string, newest: string | undefined): Promise<string[]> {
  const runs: WorkflowExecutionInfo[] = [];
  for await (const run of client.workflow.list({ query: `WorkflowId = ${quotedInFilter(workflowId)}` })) runs.push(run);
  const last =
    newest === undefined ? undefined : (await client.workflow.getHandle(workflowId, newest).describe()).startTime;
  const before = runs
    .filter(({ startTime, status }) => status.name !== 'RUNNING' && (!last || startTime <= last))
    .map(({ runId }) => runId);
  return [...new Set([...before, ...(newest === undefined ? [] : [newest])])];
}

interface Kept {
  runs: string[];
  because?: string;
}

/** @returns the runs that still exist */
async function deleted(client: Client, workflowId: string, runs: readonly string[]): Promise<Kept> {
  let because: string | undefined;
  for (const runId of runs) {
    try {
      await client.workflowService.deleteWorkflowExecution({
        namespace: client.options.namespace,
        workflowExecution: { workflowId, runId },
      });
    } catch (error) {
      if (!isNotFound(error)) because = error instanceof Error ? error.message : String(error);
    }
  }
  const kept = new Set(runs);
  for (const end = performance.now() + DELETED_WITHIN_MS; kept.size > 0; await sleep(LOOK_EVERY_MS)) {
    for (const runId of kept) if (!(await isThere(client, workflowId, runId))) kept.delete(runId);
    if (because !== undefined || performance.now() > end) break;
  }
  if (kept.size === 0) return { runs: [] };
  return { runs: [...kept], because: because ?? `the server did not delete them within ${DELETED_WITHIN_MS / 1000} s` };
}

async function isThere(client: Client, workflowId: string, runId: string): Promise<boolean> {
  try {
    await client.workflow.getHandle(workflowId, runId).describe();
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
