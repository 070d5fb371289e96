/** Asks for the outcome of an accepted prompt until it is there, whatever became of the call that sent it. Costs no history. */
import type { Client } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { workflowIdOf, type PromptId, type TopicId } from '../contract/ids.js';
import * as messages from '../contract/messages.js';
import type { TurnResult } from '../contract/types.js';
import { failure } from '../contract/failures.js';
import { reachesTemporal } from './connection-watch.js';
import { isNotFound } from './grpc-errors.js';
import { SessionError, sessionError } from './session-error.js';

interface Awaited {
  topic: TopicId;
  prompt_id: PromptId;
}

const ASK_AGAIN_MS = { first: 100, most: 1000, factor: 1.5 };
/** A question that waits for a worker longer than that is asked anew: what waits is handed to the next worker at its worst moment (workers/unstick.ts). */
const ASKED_FOR_MS = 3000;
/** A worker that is being restarted, a server that is being restarted: longer than that is an error. */
const GIVE_UP_AFTER_MS = 120_000;

/** So often it is asked whether the topic's workflow was ended from outside: its state stays as it was then. */
const LOOK_EVERY_MS = 5000;
const ENDED_FROM_OUTSIDE: readonly string[] = ['TERMINATED', 'CANCELLED', 'FAILED', 'TIMED_OUT'];

/** A signal that was sent a moment ago may not have reached the topic yet. */
const UNKNOWN_FOR_MS = 10_000;

/** @throws SessionError with the code of a refusal, TOPIC_UNKNOWN, OUTCOME_UNKNOWN, NO_WORKER, TEMPORAL_UNAVAILABLE */
export async function awaitOutcome(client: Client, prompt: Awaited, signal?: AbortSignal, giveUpAfterMs = GIVE_UP_AFTER_MS): Promise<TurnResult> {
  const handle = client.workflow.getHandle(workflowIdOf(prompt.topic));
  let wait = ASK_AGAIN_MS.first;
  let answeredAt = performance.now();
  let knownAt = answeredAt;
  let lookedAt = answeredAt;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const state = await client.withDeadline(Date.now() + ASKED_FOR_MS, () => handle.query(messages.outcome, prompt.prompt_id));
      answeredAt = performance.now();
      if (state.state !== 'unknown') knownAt = answeredAt;
      else if (answeredAt - knownAt > UNKNOWN_FOR_MS) throw sessionError('OUTCOME_UNKNOWN', `Topic ${prompt.topic} knows no prompt ${prompt.prompt_id}.`, prompt);
      if (state.state === 'ended' && state.outcome) return state.outcome;
      if (state.state === 'ended') {
        throw sessionError('OUTCOME_UNKNOWN', `Prompt ${prompt.prompt_id} of topic ${prompt.topic} has ended, and its outcome is no longer remembered.`, prompt);
      }
      if (state.state === 'refused') throw new SessionError(state.error, prompt);
      if (answeredAt - lookedAt > LOOK_EVERY_MS) {
        lookedAt = answeredAt;
        const { status } = await client.withDeadline(Date.now() + ASKED_FOR_MS, () => handle.describe());
        if (ENDED_FROM_OUTSIDE.includes(status.name)) {
          throw sessionError('OUTCOME_UNKNOWN', `Topic ${prompt.topic} was ended from outside (${status.name}); what became of prompt ${prompt.prompt_id} is not known.`, prompt);
        }
      }
    } catch (cause) {
      if (cause instanceof SessionError) throw cause;
      if (isNotFound(cause)) throw sessionError('TOPIC_UNKNOWN', `There is no topic ${prompt.topic}.`, { ...prompt, cause });
      if (performance.now() - answeredAt > giveUpAfterMs) throw await unanswered(client, prompt, giveUpAfterMs, cause);
    }
    await sleep(wait, undefined, signal ? { signal } : {});
    wait = Math.min(wait * ASK_AGAIN_MS.factor, ASK_AGAIN_MS.most);
  }
}

/** A topic that does not answer: because no worker is there, or because no server is. */
async function unanswered(client: Client, prompt: Awaited, afterMs: number, cause: unknown): Promise<SessionError> {
  const of = `prompt ${prompt.prompt_id} in topic ${prompt.topic}`;
  if (await reachesTemporal(client)) return sessionError('NO_WORKER', `No worker answered for ${afterMs / 1000} s what became of ${of}.`, { ...prompt, cause });
  const fix = 'Start it again (continuity up, or its own service), then wait again: continuity outcome --wait.';
  return new SessionError(failure('TEMPORAL_UNAVAILABLE', `Temporal has not answered for ${afterMs / 1000} s; what became of ${of} is not known yet.`, fix), { ...prompt, cause });
}
