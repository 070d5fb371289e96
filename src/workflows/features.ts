/**
 * What a run does otherwise than one that an older release began. A run keeps the ways in which it began: the histories
 * of topics that live for months are replayed by this code.
 *
 * `current` is asked once, at the start of a run, and stands in its history. Each of the others is a change that an older
 * release made in the middle of runs that it found.
 */
import * as wf from '@temporalio/workflow';
import { failure, type Failure } from '../contract/failures.js';
import { isId, type PromptId, type TopicId } from '../contract/ids.js';
import { MAX_QUEUED_PROMPTS } from '../contract/limits.js';
import type { TopicState } from '../contract/state.js';
import { digestOf, jsonBytes, utf8Length } from '../contract/text.js';
import type { PromptRequest } from '../contract/types.js';
import { isFull, tooManyBytes, type IsFull } from './session-state.js';

const CURRENT = 'topics-are-recalled';
/** Older runs gave random ids. */
const IDS_FROM_HISTORY = 'prompts-are-named-by-history';
/** Older runs counted the texts of prompts only. */
const WHOLE_REQUESTS_COUNT = 'whole-requests-fill-the-queue';

export const CHANGES = {
  /** Older runs left a lost session at the failure. */
  lossesAreNoted: 'lost-sessions-are-replaced',
  /** Older runs waited for the host with the turn itself. */
  hostsAreAsked: 'hosts-that-come-back-are-asked-first',
  /** Older runs left alone what a worker was at when it died under a cancelled turn. */
  lostTurnsAreStopped: 'cancelled-turns-of-dead-workers-are-stopped',
} as const;

export class Features {
  /** Whether this run was begun by a release that recalls what a topic knew. */
  readonly current = wf.patched(CURRENT);

  has(change: keyof typeof CHANGES): boolean {
    return this.current || wf.patched(CHANGES[change]);
  }

  isFull(via: 'update' | 'signal'): IsFull {
    return this.current ? isFull : (state, request, topic) => olderIsFull(state, request, topic, via);
  }

  /** Of a prompt without an id, in a run of an older release. */
  olderUnnamedId(updateId: string | undefined, signal: string): PromptId {
    if (!wf.patched(IDS_FROM_HISTORY)) return wf.uuid4() as PromptId;
    if (updateId === undefined) return signal as PromptId;
    const named = `update-${updateId}`;
    return (isId(named) ? named : `update-${digestOf(named)}`) as PromptId;
  }
}

const OLDER_MOST_BYTES = 1024 * 1024;

function olderIsFull({ queue }: TopicState, request: PromptRequest, topic: TopicId, via: 'update' | 'signal'): Failure | undefined {
  if (queue.length >= MAX_QUEUED_PROMPTS) return failure('QUEUE_FULL', `Topic ${topic} has ${queue.length} prompts queued, which is the most it takes.`);
  const weighed = (weigh: (one: PromptRequest) => number) => queue.reduce((sum, queued) => sum + weigh(queued.request), weigh(request));
  const texts = weighed((one) => utf8Length(one.prompt));
  if (texts > OLDER_MOST_BYTES) return tooManyBytes(topic, texts, OLDER_MOST_BYTES);
  const whole = weighed(jsonBytes);
  const counts = whole > OLDER_MOST_BYTES && (via === 'update' || wf.patched(WHOLE_REQUESTS_COUNT));
  return counts ? tooManyBytes(topic, whole, OLDER_MOST_BYTES) : undefined;
}
