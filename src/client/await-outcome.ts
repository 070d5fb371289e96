/**
 * Asks for the outcome of an accepted prompt until the topic has it, whatever became of the call
 * that sent the prompt. Queries add nothing to the history.
 */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { workflowIdOf, type PromptId, type TopicId } from '../contract/ids.js';
import * as messages from '../contract/messages.js';
import type { PromptState, TurnResult } from '../contract/types.js';
import type { Crowd } from './crowd.js';
import { isNotFound, unreachable } from './grpc-errors.js';
import { lastPollOf } from './pollers.js';
import { SessionError, sessionError } from './session-error.js';
import { problemIn } from './topic-problem.js';

interface Awaited {
  topic: TopicId;
  prompt_id: PromptId;
}

export interface Awaiting {
  crowd: Crowd;
  signal?: AbortSignal;
  /**
   * The digest of the request (`digestOfRequest`). Without it, the id alone says which prompt is
   * meant.
   */
  digest?: string;
  /** How long to wait while no worker polls. Then: NO_WORKER. */
  noWorkerAfterMs: number;
  /**
   * How long to wait while the server does not answer. Then: TEMPORAL_UNAVAILABLE. Default: two
   * minutes.
   */
  giveUpAfterMs?: number;
  /** Called when no worker answers. The topic is asked again. */
  onUnanswered?: (() => void) | undefined;
}

const ASK_AGAIN_MS = { first: 100, most: 1000, factor: 1.5 };
/** The further back a prompt is in the queue, the less often it is asked for. */
const ASK_AGAIN_IN_QUEUE_MS = { each: 300, most: 10_000 };
/**
 * A query that has waited this long for a worker is sent again. Otherwise a new worker would
 * receive all waiting queries at its worst moment (workers/unstick.ts).
 */
const ASKED_FOR_MS = 3000;
/** Long enough for a restart of the server. A longer silence is an error. */
const GIVE_UP_AFTER_MS = 120_000;

/**
 * How often one of a topic's waiters asks whether its workflow was ended from outside, because its
 * state does not change then.
 */
const LOOK_EVERY_MS = 5000;
const ENDED_FROM_OUTSIDE: readonly string[] = ['TERMINATED', 'CANCELLED', 'FAILED', 'TIMED_OUT'];

/** A signal that was sent a moment ago may not have reached the topic yet. */
const UNKNOWN_FOR_MS = 10_000;

/**
 * @throws SessionError with the code of a refusal, TOPIC_UNKNOWN, OUTCOME_UNKNOWN, NO_WORKER,
 * TOPIC_STUCK, TEMPORAL_UNAVAILABLE
 */
export async function awaitOutcome(client: Client, prompt: Awaited, awaiting: Awaiting): Promise<TurnResult> {
  const { signal, digest, onUnanswered, crowd } = awaiting;
  const handle = client.workflow.getHandle(workflowIdOf(prompt.topic));
  const asked = [prompt.prompt_id, ...(digest === undefined ? [] : [digest])] as [PromptId, string?];
  let wait = ASK_AGAIN_MS.first;
  const begunAt = performance.now();
  const lookNow = () => crowd.seenSince(begunAt, LOOK_EVERY_MS, () => statusOf(client, handle));
  let unknownSince: number | undefined;
  for (;;) {
    signal?.throwIfAborted();
    let behind = 0;
    const ended = await crowd.asking.acquire(signal);
    try {
      const state = await client.withDeadline(Date.now() + ASKED_FOR_MS, () =>
        handle.query(messages.outcome, ...asked),
      );
      crowd.answered();
      const { answeredAt } = crowd;
      unknownSince = state.state === 'unknown' && !state.recalling ? (unknownSince ?? answeredAt) : undefined;
      if (unknownSince !== undefined && answeredAt - unknownSince > UNKNOWN_FOR_MS) {
        throw sessionError('OUTCOME_UNKNOWN', `Topic ${prompt.topic} knows no prompt ${prompt.prompt_id}.`, prompt);
      }
      const outcome = outcomeIn(state, prompt);
      if (outcome) return outcome;
      if (state.state === 'queued')
        behind = Math.min(state.position * ASK_AGAIN_IN_QUEUE_MS.each, ASK_AGAIN_IN_QUEUE_MS.most);
      mustNotBeEnded(await lookNow(), prompt);
    } catch (cause) {
      if (cause instanceof SessionError) throw cause;
      if (isNotFound(cause))
        throw sessionError('TOPIC_UNKNOWN', `There is no topic ${prompt.topic}.`, { ...prompt, cause });
      signal?.throwIfAborted();
      onUnanswered?.();
      // A run that was ended before a worker took it answers no query for ever.
      mustNotBeEnded(await lookNow().catch(() => undefined), prompt);
      await mayBeAnswered(client, handle, {
        prompt,
        cause,
        silentMs: performance.now() - Math.max(begunAt, crowd.answeredAt),
        ...awaiting,
      });
    } finally {
      ended();
    }
    // Aborted: the next round throws the signal's reason.
    await sleep(Math.max(wait, behind), undefined, signal ? { signal } : {}).catch(() => undefined);
    wait = Math.min(wait * ASK_AGAIN_MS.factor, ASK_AGAIN_MS.most);
  }
}

function outcomeIn(state: PromptState, prompt: Awaited): TurnResult | undefined {
  if (state.state === 'refused') throw new SessionError(state.error, prompt);
  if (state.state !== 'ended') return undefined;
  if (state.outcome) return state.outcome;
  throw sessionError(
    'OUTCOME_UNKNOWN',
    `Prompt ${prompt.prompt_id} of topic ${prompt.topic} has ended, and the topic no longer remembers its outcome.`,
    prompt,
  );
}

async function statusOf(client: Client, handle: WorkflowHandle): Promise<string> {
  return (await client.withDeadline(Date.now() + ASKED_FOR_MS, () => handle.describe())).status.name;
}

function mustNotBeEnded(status: string | undefined, prompt: Awaited): void {
  if (status === undefined || !ENDED_FROM_OUTSIDE.includes(status)) return;
  throw sessionError(
    'OUTCOME_UNKNOWN',
    `Topic ${prompt.topic} was ended from outside (${status}). The outcome of prompt ${prompt.prompt_id} is not known.`,
    prompt,
  );
}

interface Silence {
  prompt: Awaited;
  cause: unknown;
  /** How long the topic has not answered. */
  silentMs: number;
  noWorkerAfterMs: number;
  giveUpAfterMs?: number;
}

/** Returns while an answer is still possible, because a worker polls or may come in time. */
async function mayBeAnswered(
  client: Client,
  handle: WorkflowHandle,
  { prompt, cause, silentMs, noWorkerAfterMs, giveUpAfterMs = GIVE_UP_AFTER_MS }: Silence,
): Promise<void> {
  if (silentMs < noWorkerAfterMs) return;
  const accepted = `prompt ${prompt.prompt_id} is accepted in topic ${prompt.topic}`;
  let polled: Date | undefined;
  try {
    polled = await lastPollOf(client);
    const problem = problemIn(await client.withDeadline(Date.now() + ASKED_FOR_MS, () => handle.describe()));
    if (problem) throw new SessionError(problem, { ...prompt, cause });
  } catch (error) {
    if (error instanceof SessionError) throw error;
    if (silentMs > giveUpAfterMs)
      throw new SessionError(unreachable(error, `say what became of it; ${accepted}`).failure, {
        ...prompt,
        cause: error,
      });
    return;
  }
  if (!polled)
    throw sessionError('NO_WORKER', `No worker polls, but ${accepted} and waits for one.`, { ...prompt, cause });
}
