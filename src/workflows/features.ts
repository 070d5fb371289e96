/**
 * The differences between this release and older ones whose runs it continues. A run keeps the
 * behaviour that it started with, because this code replays the histories of topics that live for
 * months.
 *
 * `handsOver` and `current` are asked once, at the start of a run, and are recorded in the history
 * as one marker. Each other change was made by an older release in the middle of runs that it
 * found.
 */
import * as wf from '@temporalio/workflow';
import { failure, type Failure } from '../contract/failures.js';
import { derivedId, isId, type PromptId, type TopicId } from '../contract/ids.js';
import { MAX_QUEUED_PROMPTS } from '../contract/limits.js';
import { parsePrompt } from '../contract/parse-prompt.js';
import type { QueuedPrompt, RunningPrompt, TopicState } from '../contract/state.js';
import { isTrouble, isTroubleOfConfig } from '../contract/troubles.js';
import { digestOf, jsonBytes, utf8Length } from '../contract/text.js';
import type { Loss, PromptRequest } from '../contract/types.js';
import { PINNED_FIELDS, type PinnedField } from './pinned.js';
import { isFull, tooManyBytes, type IsFull } from './session-state.js';

/** The newest release that changed the commands. Its marker implies those before it. */
const CURRENT = 'agents-hand-over';
const RECALLS = 'topics-are-recalled';
/** Before this change, prompts without an id got random ids. */
const IDS_FROM_HISTORY = 'prompts-are-named-by-history';
/** Before this change, only the texts of prompts counted towards the queue's size. */
const WHOLE_REQUESTS_COUNT = 'whole-requests-fill-the-queue';
/** Older runs took over no session. */
const ADOPTS = 'sessions-are-adopted';
/** Before this change, a prompt had no budgets. */
const HAS_BUDGETS = 'prompts-have-budgets';
/** Before this change, nothing was decided about a cold session. */
const COLD_IS_REPLACED = 'cold-sessions-are-replaced';
const SAYS_ON_COLD = 'prompts-say-what-if-it-is-cold';
/** Before this change, no prompt said that its cold session is compacted. */
const SAYS_COMPACT = 'prompts-say-compact-if-it-is-cold';
/** Before this change, no prompt waited for a warm session. */
const HOLDS_BACK = 'prompts-wait-for-a-warm-session';
/** Before this change, a prompt did not say where its agent works. */
const HAS_WORKSPACE = 'prompts-name-a-workspace';
/** Before this change, nobody was told what became of a prompt. */
const NOTIFIES = 'prompts-notify';
/** Before this change, no session began as a copy of another topic's. */
const FORKS = 'sessions-are-forked';
/** Before this change, a topic went on in a session that its host had found full. */
const FULL_IS_LOST = 'full-sessions-are-replaced';
/** Before this change, a config that can't be used failed all that was queued. */
const WAITS_FOR_CONFIG = 'queues-wait-for-a-config';

/** Before this change, a turn worked in the shared directory where its host is too old to make a work tree. */
const INSISTS_ON_WORKTREES = 'work-trees-are-insisted-on';

/**
 * The changes with which the fields of a prompt came. The order is that of the markers in recorded
 * histories.
 */
const FIELDS: readonly [name: keyof PromptRequest, change: string, is?: (request: PromptRequest) => boolean][] = [
  ['adopt', ADOPTS, ({ adopt, host }) => adopt !== undefined || host !== undefined],
  ['limits', HAS_BUDGETS],
  ['when_warm', HOLDS_BACK],
  ['on_cold', SAYS_ON_COLD],
  ['on_cold', SAYS_COMPACT, ({ on_cold }) => on_cold === 'compact'],
  ['workspace', HAS_WORKSPACE],
  ['notify', NOTIFIES],
  ['fork', FORKS],
];

/** With these, the marker came with the field by signal only. Releases that know the field replay no other one. */
const BY_SIGNAL_ONLY = [ADOPTS, HAS_BUDGETS];

/** Those without which a topic does something else, and not only its host. */
const OTHER_DEEDS = ['when_warm', 'workspace', 'notify', 'fork'] as const;

const changesOf = (request: PromptRequest) =>
  FIELDS.filter(([name, , is]) => (is ? is(request) : request[name] !== undefined));

export const CHANGES = {
  /** Before this change, the failure of a lost session was only reported. */
  lossesAreNoted: 'lost-sessions-are-replaced',
  /** Before this change, the turn itself waited for its host. */
  hostsAreAsked: 'hosts-that-come-back-are-asked-first',
  /** Before this change, the turn of a dead worker was left running when it was cancelled. */
  lostTurnsAreStopped: 'cancelled-turns-of-dead-workers-are-stopped',
} as const;

export class Features {
  /**
   * Whether the run was started by a release that asks the host of an agent first when a prompt
   * names other settings than its session has: the session goes on with them, or the topic is
   * handed over.
   */
  readonly handsOver = wf.patched(CURRENT);
  /** Whether a release that recalls the earlier state started this run. */
  readonly current = this.handsOver || wf.patched(RECALLS);

  /** Whether the run before this one marked what it accepted, so that a missing marker says something. */
  #mayBeUnmarked = false;

  /** Whether the messages of one task go through the inbox (`inbox.ts`). */
  get signalsFirst(): boolean {
    return this.handsOver;
  }

  /** What can't change in a session that is named by its id. */
  get fixedInSession(): readonly PinnedField[] {
    return this.handsOver ? ['agent', 'cwd'] : PINNED_FIELDS;
  }

  has(change: keyof typeof CHANGES): boolean {
    return this.current || wf.patched(CHANGES[change]);
  }

  /**
   * Whether a session is noted as one that can't go on. In a rolling deploy, an older release may
   * have read that a session is full, and ended the turn.
   */
  notes(loss: Loss): boolean {
    if (loss === 'cold') return wf.patched(COLD_IS_REPLACED);
    return this.has('lossesAreNoted') && (loss !== 'full' || wf.patched(FULL_IS_LOST));
  }

  /** Whether such a failure has nothing to do with its prompt, so that the others wait (`troubles.ts`). */
  isTrouble(error: Failure | undefined): boolean {
    return isTrouble(error) && (!isTroubleOfConfig(error) || wf.patched(WAITS_FOR_CONFIG));
  }

  /**
   * A prompt that came by signal. Older releases did not know some of its fields, and their runs go
   * on without the prompt.
   */
  signalled(payload: unknown): ReturnType<typeof parsePrompt> {
    const parsed = parsePrompt(payload);
    if ('problem' in parsed) return parsed;
    for (const [name, change] of changesOf(parsed.request)) if (!wf.patched(change)) return noField(name);
    return parsed;
  }

  /**
   * Marks the run as one in which this prompt was accepted. An older release that does not know one
   * of its fields would take the prompt for refused, and lose it. It cannot replay the marker, so
   * the topic waits for a release that can.
   */
  accepts(request: PromptRequest): void {
    for (const [, change] of changesOf(request)) if (!BY_SIGNAL_ONLY.includes(change)) wf.patched(change);
  }

  /**
   * Marks a run that goes on from another one, for the same reason. An older release may have begun
   * the run, and worked on the queue without the fields that it does not know: then the marker is
   * missing, and what it did is replayed without them.
   */
  goesOnFrom(state: TopicState, running: RunningPrompt | undefined): void {
    this.#mayBeUnmarked = state.marks === true;
    const prompts = running ? [running.prompt, ...state.queue] : state.queue;
    for (const { request } of prompts) this.accepts(request);
    if (state.notices) wf.patched(NOTIFIES);
    // Whether it waits is asked again and again, and also by queries.
    for (const { request } of prompts)
      if (request.when_warm !== undefined && !this.#knows('when_warm')) delete request.when_warm;
    if (running) this.begins(running.prompt);
  }

  /** Takes the fields out of a prompt that an older release worked on without them. */
  begins({ request }: QueuedPrompt): void {
    for (const name of OTHER_DEEDS) if (request[name] !== undefined && !this.#knows(name)) delete request[name];
  }

  /** Whether notices are delivered. An older release left them in the state. */
  get notifies(): boolean {
    return this.#knows('notify');
  }

  #knows(field: keyof PromptRequest): boolean {
    const known = FIELDS.filter(([name]) => name === field).every(([, change]) => wf.patched(change));
    return known || !this.#mayBeUnmarked;
  }

  /** Whether a session that its host opened without the work tree that was asked for takes no prompt. */
  get insistsOnWorktrees(): boolean {
    return wf.patched(INSISTS_ON_WORKTREES);
  }

  isFull(via: 'update' | 'signal'): IsFull {
    return this.current ? isFull : (state, request, topic) => olderIsFull(state, request, topic, via);
  }

  /** The id of a prompt without one, by its update or by the count of signals. */
  unnamedId(updateId: string | undefined, signals: number): PromptId {
    const run = wf.workflowInfo().firstExecutionRunId;
    if (this.current)
      return derivedId(updateId === undefined ? ['signal', signals, run] : ['update', updateId], digestOf);
    const signal = `signal-${signals}-${run}`;
    if (!wf.patched(IDS_FROM_HISTORY)) return wf.uuid4() as PromptId;
    if (updateId === undefined) return signal as PromptId;
    const named = `update-${updateId}`;
    return (isId(named) ? named : `update-${digestOf(named)}`) as PromptId;
  }
}

function noField(name: string): { problem: Failure } {
  return { problem: failure('INVALID_PROMPT', `Field "${name}" is not a field of a prompt in this run.`) };
}

const OLDER_MOST_BYTES = 1024 * 1024;

function olderIsFull(
  { queue }: TopicState,
  request: PromptRequest,
  topic: TopicId,
  via: 'update' | 'signal',
): Failure | undefined {
  if (queue.length >= MAX_QUEUED_PROMPTS)
    return failure('QUEUE_FULL', `Topic ${topic} has ${queue.length} prompts queued, which is the most that it takes.`);
  const weighed = (weigh: (one: PromptRequest) => number) =>
    queue.reduce((sum, queued) => sum + weigh(queued.request), weigh(request));
  const texts = weighed((one) => utf8Length(one.prompt));
  if (texts > OLDER_MOST_BYTES) return tooManyBytes(topic, texts, OLDER_MOST_BYTES);
  const whole = weighed(jsonBytes);
  const counts = whole > OLDER_MOST_BYTES && (via === 'update' || wf.patched(WHOLE_REQUESTS_COUNT));
  return counts ? tooManyBytes(topic, whole, OLDER_MOST_BYTES) : undefined;
}
