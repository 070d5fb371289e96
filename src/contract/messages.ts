/**
 * The wire names of a topic, frozen: clients in any language send these.
 * Anyone may import this.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { PromptId, SessionId } from './ids.js';
import type { Accepted, Cancelled, Loss, Pinned, PromptRequest, PromptState, TopicView, TurnResult } from './types.js';

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

export const view = defineQuery<TopicView>('view');
export const outcome = defineQuery<PromptState, [PromptId]>('outcome');

/** A session as the topic remembers it. */
export interface SessionRecord {
  session_id: SessionId;
  pinned: Pinned;
  turns: number;
  opened_at: string;
  /** Set once a turn found it so, until a turn in it completes. The topic's own prompts then go elsewhere, or fail. */
  lost?: Loss;
}

export interface QueuedPrompt {
  prompt_id: PromptId;
  request: PromptRequest;
  accepted_at: string;
}

/**
 * Everything that a topic carries through continue-as-new, and what it answers when it closes: plain JSON, bounded.
 * Fields are added, never changed: a run of an older release reads what a newer one wrote, and the other way round.
 */
export interface TopicState {
  project?: string;
  /** Oldest first. */
  sessions: SessionRecord[];
  current: SessionId | null;
  queue: QueuedPrompt[];
  /** How many turns have begun. */
  turns: number;
  /** Prompt ids accepted, each with a digest of its text, oldest first. */
  ids: [PromptId, string][];
  /** Oldest first. */
  outcomes: TurnResult[];
  refused: TopicView['refused'];
  closing: boolean;
  /** How many signals came: by that a prompt is named that came without an id. */
  signals?: number;
}

/** Input of the workflow: absent or `{}` for a topic never seen. */
export interface TopicInput {
  state?: TopicState;
}

