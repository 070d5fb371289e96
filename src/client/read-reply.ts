/** Reads all that a turn said, from the session on its host, in pages. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError, type Client, type WorkflowHandle } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import type { ReplyPage } from '../contract/answers.js';
import { failure, isFailureCode, type Failure } from '../contract/failures.js';
import type { PromptId, SessionId, TopicId } from '../contract/ids.js';
import * as messages from '../contract/messages.js';
import { shellWord } from '../contract/shell-word.js';
import type { PromptState } from '../contract/types.js';
import type { SessionView } from '../contract/views.js';
import { unreachable } from './grpc-errors.js';
import { lastPollOf } from './pollers.js';
import { SessionError, sessionError } from './session-error.js';

/** Longer than the host and the activity are waited for. */
const WITHIN = '90 seconds';
const LOOK_EVERY_MS = 500;
const NO_WORKER_AFTER_MS = 3_000;
/** One that does not know the workflow fails its task each time. One that dies in it causes one more attempt. */
const ATTEMPTS_OF_THIS_RELEASE = 2;

interface Where {
  prompt_id: PromptId;
  sessions: SessionView[];
}

/** @throws SessionError for a prompt that was not put in */
export async function placeOf(handle: WorkflowHandle, topic: TopicId, promptId: PromptId): Promise<Where> {
  const [state, { sessions }] = await Promise.all([
    handle.query(messages.outcome, promptId),
    handle.query(messages.view),
  ]);
  const named = sessionIn(state, topic);
  const [last] = (state.state === 'ended' && state.outcome?.checks?.rounds.slice(-1)) || [];
  return {
    prompt_id: last?.prompt_id ?? promptId, // A fix is a prompt of its own.
    // A prompt whose outcome is no longer remembered is looked for in all of them.
    sessions: named === undefined ? [...sessions].reverse() : sessions.filter(({ session_id }) => session_id === named),
  };
}

const LATER = 'Ask again once it has ended (--wait).';

/** The session that has the prompt. undefined: any of the topic's. */
function sessionIn(state: PromptState, topic: TopicId): SessionId | undefined {
  const ids = { topic, prompt_id: state.prompt_id };
  const none = (why: string, fix?: string) =>
    new SessionError(failure('OUTCOME_UNKNOWN', `Prompt ${state.prompt_id} of topic ${topic} ${why}.`, fix), ids);
  switch (state.state) {
    case 'refused':
      throw new SessionError(state.error, ids);
    case 'unknown':
      throw none('is not known there', `See the prompts of the topic: continuity show ${shellWord(topic)}`);
    case 'queued':
      throw none('is queued and has said nothing yet', LATER);
    case 'running':
      if (state.session_id === null) throw none('has no session yet', LATER);
      return state.session_id;
    case 'ended':
      if (state.outcome?.session_id === null)
        throw none('ended before a session was open', 'Its outcome says why, without --full (page).');
      return state.outcome?.session_id;
  }
}

/** @throws SessionError HOST_UNAVAILABLE, SESSION_LOST, OUTCOME_UNKNOWN, INVALID_PROMPT for the page, and what kept the agent from reading */
export async function readReply(client: Client, topic: TopicId, where: Where, page: number): Promise<ReplyPage> {
  const ids = { topic, prompt_id: where.prompt_id };
  if (!Number.isSafeInteger(page) || page < 1)
    throw sessionError('INVALID_PROMPT', `page must be a whole number from 1 on, not ${page}.`, ids);
  let missing = sessionError('SESSION_LOST', `Topic ${topic} no longer knows the session of ${where.prompt_id}.`, ids);
  for (const { session_id, pinned } of where.sessions) {
    try {
      return await readIn(client, { topic, session_id, pinned, prompt_id: where.prompt_id, page });
    } catch (error) {
      if (!(error instanceof SessionError) || where.sessions.length === 1) throw error;
      missing = error;
    }
  }
  throw missing;
}

async function readIn(client: Client, input: messages.ReplyQuestion): Promise<ReplyPage> {
  const { topic, prompt_id } = input;
  const workflowId = `reply/${topic}/${randomUUID()}`;
  const over = new AbortController();
  try {
    const reading = await client.workflow.start(messages.turnReply, {
      args: [input],
      taskQueue: messages.CONTINUITY,
      workflowId,
      workflowExecutionTimeout: WITHIN,
    });
    const read = reading.result() as Promise<ReplyPage>;
    return await Promise.race([read, notTaken(client, reading, { topic, prompt_id }, over.signal)]);
  } catch (error) {
    if (error instanceof SessionError) throw error;
    const problem = problemIn(error, input);
    throw problem
      ? new SessionError(problem, { topic, prompt_id, cause: error })
      : unreachable(error, 'read the reply');
  } finally {
    over.abort();
    await forget(client, workflowId);
  }
}

/** @throws SessionError NO_WORKER as soon as it is plain that no worker will read the reply */
async function notTaken(
  client: Client,
  reading: WorkflowHandle,
  ids: { topic: TopicId; prompt_id: PromptId },
  signal: AbortSignal,
): Promise<never> {
  const none = (why: string, fix?: string) => new SessionError(failure('NO_WORKER', why, fix), ids);
  for (const begunAt = performance.now(); ;) {
    await sleep(LOOK_EVERY_MS, undefined, { signal });
    const task = await reading.describe().then(
      ({ raw }) => raw.pendingWorkflowTask,
      () => undefined, // It has ended, or is looked at again.
    );
    if (!task) continue;
    if ((task.attempt ?? 0) > ATTEMPTS_OF_THIS_RELEASE)
      throw none(`The worker is too old to read the reply to ${ids.prompt_id}.`, RELEASE);
    if (task.startedTime || performance.now() - begunAt < NO_WORKER_AFTER_MS) continue;
    const polled = await lastPollOf(client).catch(() => true as const); // Not known.
    if (!polled) throw none(`No worker polls that could read the reply to ${ids.prompt_id}.`);
  }
}

const RELEASE = 'Replace the worker by one of this release: continuity worker';
/** A type of the SDK: the worker has no such activity. */
const NOT_REGISTERED = 'NotFoundError';

/** A worker of an older release knows neither the workflow nor the activity that reads a reply. */
function problemIn(error: unknown, { prompt_id, pinned }: messages.ReplyQuestion): Failure | undefined {
  if (!(error instanceof WorkflowFailedError)) return undefined;
  const cause = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
  if (error.cause instanceof TimeoutFailure)
    return failure('NO_WORKER', `No worker has read the reply to ${prompt_id} within ${WITHIN}.`, RELEASE);
  if (!(cause instanceof ApplicationFailure)) return undefined;
  if (cause.type === NOT_REGISTERED)
    return failure('HOST_UNAVAILABLE', `The worker of host ${pinned.host} is too old to read a reply.`, RELEASE);
  const [detail] = (cause.details ?? []) as (Failure | undefined)[];
  return detail ?? failure(isFailureCode(cause.type) ? cause.type : 'INTERNAL', cause.message);
}

/** What was said is not kept a second time, and a forgotten topic leaves nothing of it. */
async function forget(client: Client, workflowId: string): Promise<void> {
  const { namespace } = client.options;
  await client.workflowService
    .deleteWorkflowExecution({ namespace, workflowExecution: { workflowId } })
    .catch(() => undefined); // Not allowed, or unreachable: the retention of the namespace ends it.
}
