/**
 * The message names of a topic. They are frozen, because clients in any language send them. Anyone
 * may import this.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { AnswerRequest, AnswerTaken, Retried } from './asks.js';
import type { PromptId, SessionId, TopicId } from './ids.js';
import type { TopicState } from './state.js';
import type { Cancelled, Closed, Forgotten } from './answers.js';
import type { Accepted, Pinned, PromptRequest, PromptState, TurnResult } from './types.js';
import type { TopicView } from './views.js';

/** Workflow type of a topic. */
export const topicSession = 'topicSession';

/**
 * Workflow type that reads all that one turn said (`ReplyPage`). It lives only as long as that takes,
 * and its caller deletes it.
 */
export const turnReply = 'turnReply';

export interface ReplyQuestion {
  topic: TopicId;
  session_id: SessionId;
  pinned: Pinned;
  prompt_id: PromptId;
  /** Counts from 1. */
  page: number;
}

/** Task queue of the topics and of `openSession`. */
export const CONTINUITY = 'continuity';

/** Task queue of the turns in sessions on one host. */
export function hostQueueOf(host: string): string {
  return `${CONTINUITY}.host.${host}`;
}

/**
 * Accepts a prompt and waits for its outcome. The answer is `{ status: 'accepted' }` when more than
 * 8 callers wait or the run continues as new. Ask the `outcome` query then.
 */
export const prompt = defineUpdate<TurnResult | Accepted, [PromptRequest]>('prompt');

/**
 * The payload of the `prompt` update, or a bare string, from senders that must not wait for a
 * worker.
 */
export const promptSignal = defineSignal<[PromptRequest | string]>('prompt');

/**
 * Stops the running turn, or takes a queued prompt out. Without an id, or without an argument, it
 * stops the running turn.
 */
export const cancel = defineUpdate<Cancelled, [CancelRequest]>('cancel');

export interface CancelRequest {
  prompt_id?: PromptId;
  /** Shown in the outcome. At most 1000 characters. */
  reason?: string;
}

/** A bare string is a decision, or the reply to a question. */
export type AnswerPayload = AnswerRequest | string;

/** Answers the ask for which the running turn waits. Refused when it is gone, or takes another answer. */
export const answer = defineUpdate<AnswerTaken, [AnswerPayload]>('answer');

/** The same, from senders that must not wait for a worker. */
export const answerSignal = defineSignal<[AnswerPayload]>('answer');

/** A turn that waits for a quota or for its agent is tried again now. */
export const retry = defineUpdate<Retried>('retry');

/** The same, from senders that must not wait for a worker. */
export const retrySignal = defineSignal('retry');

/**
 * Finishes the queue, then ends the topic; with `now`, ends it at once. Answers how many prompts
 * are left to work on. With `archive`, and if nothing is left, it answers once that is done.
 */
export const close = defineUpdate<Closed, [CloseRequest | undefined]>('close');

export interface CloseRequest {
  /** Stops the running turn and ends every queued prompt as cancelled. */
  now?: boolean;
  /**
   * Once the topic ends, takes its sessions out of the lists of those agents that have an archive.
   * The next prompt puts its session back.
   */
  archive?: boolean;
}

/**
 * Forgets everything, then ends the topic. The next prompt starts the topic afresh: it opens a new
 * session, and used prompt ids are free again.
 */
export const forget = defineUpdate<Forgotten, [ForgetRequest | undefined]>('forget');

export interface ForgetRequest {
  /** Also deletes the conversations in the stores of those agents that can delete one. */
  sessions?: boolean;
}

export const view = defineQuery<TopicView>('view');
/**
 * The second argument is the digest of a request (`parse-prompt.ts`). If the id names another
 * request, the answer is PROMPT_ID_REUSED.
 */
export const outcome = defineQuery<PromptState, [PromptId, string?]>('outcome');

/**
 * The task queue of a worker that only replays the history of a run, up to the task that started
 * with this event.
 */
export const replayedUpTo = (lastTask: number) => `continuity.replayed.${lastTask}`;
export const REPLAYED_QUEUE = /^continuity\.replayed\.(\d+)-/;

/** The whole state of the topic. The next run reads it when a run was ended from outside. */
export const state = defineQuery<TopicState>('state');
