/**
 * The wire names of a topic, frozen: clients in any language send these.
 * Anyone may import this.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { PromptId } from './ids.js';
import type { TopicState } from './state.js';
import type { Accepted, Cancelled, Forgotten, PromptRequest, PromptState, TopicView, TurnResult } from './types.js';

/** Workflow type of a topic. */
export const topicSession = 'topicSession';

/** Task queue of the topics and of `openSession`. */
export const CONTINUITY = 'continuity';

/** Task queue of the turns of one host's sessions. */
export function hostQueueOf(host: string): string {
  return `${CONTINUITY}.host.${host}`;
}

/**
 * Accept a prompt and wait for its outcome. With more callers than a workflow can hold, and when the run rolls over,
 * the answer is `{ status: 'accepted' }`: ask the `outcome` query.
 */
export const prompt = defineUpdate<TurnResult | Accepted, [PromptRequest]>('prompt');

/** The same payload, or a bare string, from senders that must not wait for a worker. */
export const promptSignal = defineSignal<[PromptRequest | string]>('prompt');

/** Stop the running turn, or take a queued prompt out; without an id, or without an argument: the running turn. */
export const cancel = defineUpdate<Cancelled, [CancelRequest]>('cancel');

export interface CancelRequest {
  prompt_id?: PromptId;
  /** Stands in the outcome. At most 1000 characters. */
  reason?: string;
}

/** Finish the queue, then end; or end `now`. Answers how many prompts are still to be worked on. */
export const close = defineUpdate<{ remaining: number }, [CloseRequest | undefined]>('close');

export interface CloseRequest {
  /** The running turn is stopped and what is queued ends as cancelled. */
  now?: boolean;
}

/** Forget everything, then end. The next prompt begins a new life of the topic: `new` is new, and used prompt ids are free. */
export const forget = defineUpdate<Forgotten, [ForgetRequest | undefined]>('forget');

export interface ForgetRequest {
  /** Also delete the conversations in the agents' own stores, where the agents can. */
  sessions?: boolean;
}

export const view = defineQuery<TopicView>('view');
/** With the digest of a request (`parse-prompt.ts`), an id that names another request is answered as PROMPT_ID_REUSED. */
export const outcome = defineQuery<PromptState, [PromptId, string?]>('outcome');

/** Everything that the topic carries: for the run after one that was ended from outside. */
export const state = defineQuery<TopicState>('state');
