/**
 * One topic in one run: its state, the turn that runs, and everything that callers and operators
 * can do to it. `topic-session.ts` connects it to Temporal. The transitions of the state are in
 * `session-state.ts`.
 */
import * as wf from '@temporalio/workflow';
import { defined } from '../contract/defined.js';
import { failure, type Failure } from '../contract/failures.js';
import { isId, topicOfWorkflow, type PromptId } from '../contract/ids.js';
import * as limits from '../contract/limits.js';
import type { CancelRequest, ForgetRequest } from '../contract/messages.js';
import type { QueuedPrompt, RunningPrompt, TopicState } from '../contract/state.js';
import { titleOf } from '../contract/text.js';
import type { Cancelled, Closed, Forgotten } from '../contract/answers.js';
import type { Accepted, PromptRequest, PromptState, TurnResult } from '../contract/types.js';
import type { TopicView } from '../contract/views.js';
import { announce } from './announce.js';
import { Answers } from './answers.js';
import { cancelledBeforeItBegan } from './ended.js';
import type { Features } from './features.js';
import { Inbox } from './inbox.js';
import { Notices } from './notices.js';
import { defect, promptIdIn, refused, requestOf, unknownSignal } from './refused.js';
import { bounded, carriable } from './remembered.js';
import * as transitions from './session-state.js';
import { Stops } from './stops.js';
import { now } from './time.js';
import { retryNow } from './take-answer.js';
import { detailsOf, isOf, promptStateOf, viewOf } from './topic-view.js';

type Stopped = NonNullable<RunningPrompt['stopped']>;

export class Topic {
  readonly id = topicOfWorkflow(wf.workflowInfo().workflowId);
  readonly stops = new Stops(this);
  readonly notices = new Notices(this);
  readonly inbox = new Inbox();
  state: TopicState = transitions.newTopicState();
  running: RunningPrompt | undefined;
  scope: wf.CancellationScope | undefined;
  /** Set when the run is about to continue as new. Callers are then answered `accepted`. */
  rolling = false;
  ended = false;
  forgetting: ForgetRequest | undefined;
  forgotten: Forgotten | undefined;
  /** Set while the topic ends and archives its sessions, and from then on. */
  archiving: Promise<Closed['sessions']> | undefined;
  /** When the timer that closes an idle topic fires, in ms since the epoch. */
  idleWatchedUntil: number | undefined;
  /** When the timer for prompts that are held back fires, in ms since the epoch. */
  heldWatchedUntil: number | undefined;
  /** The newest outcome, with its whole reply. */
  #latest: TurnResult | undefined;
  #held = 0;
  #ready = false;
  /** Signals that arrived before the topic had recalled its state. */
  readonly #early: (() => void)[] = [];
  readonly #answers = new Answers();

  constructor(readonly features: Features) {}

  /**
   * The state is complete from here on. Signals that arrived meanwhile are handled first, in their
   * order.
   */
  begin(state: TopicState, running?: RunningPrompt): void {
    this.features.goesOnFrom(state, running);
    this.state = state;
    this.running = running;
    this.stops.resume();
    this.notices.resume();
    this.#ready = true;
    for (const handle of this.#early.splice(0)) handle();
    this.show();
  }

  /** Runs `work` once the topic has recalled its state, at once if it has, as older runs did. */
  whenReady<T>(work: () => T | Promise<T>): T | Promise<T> {
    return this.#ready ? work() : wf.condition(() => this.#ready).then(work);
  }

  /** As `whenReady`, for a signal: signals are handled in their order, before everything else. */
  signal(work: () => void): void {
    if (this.#ready) work();
    else this.#early.push(work);
  }

  show(): void {
    wf.setCurrentDetails(detailsOf(this.id, this.state, this.running, this.ended));
  }

  announce(): void {
    announce(this.id, this.state, this.running, this.ended);
  }

  view(): TopicView {
    const { to_stop: stopping = [], refused_total, close_after_ms } = this.state;
    const idleSince = this.running || this.state.queue.length > 0 ? undefined : this.state.idle_since;
    return {
      ...viewOf(this.id, this.state, this.running, this.ended),
      ...(!this.#ready && { recalling: true as const }),
      ...defined({ refused_total }),
      ...(stopping.length > 0 && { stopping }),
      ...(close_after_ms !== undefined &&
        idleSince !== undefined && { closes_at: new Date(Date.parse(idleSince) + close_after_ms).toISOString() }),
    };
  }

  /**
   * Everything that the next run needs. The queue has the running prompt, too, for older releases.
   */
  carried(): TopicState {
    const { running, state } = this;
    if (!this.#ready) return { ...state, recalling: true };
    const marked = { ...state, marks: true as const };
    return carriable(running ? { ...marked, queue: [running.prompt, ...state.queue], running } : marked);
  }

  promptState(promptId: unknown, digest?: unknown): PromptState {
    if (!isId(promptId)) return { state: 'unknown', prompt_id: String(promptId) as PromptId };
    const id = promptId as PromptId;
    if (!this.#ready) return { state: 'unknown', prompt_id: id, recalling: true };
    const reuse = transitions.reuseOf(this.state, id, digest, this.id);
    if (reuse) return { state: 'refused', prompt_id: id, error: reuse };
    if (this.#latest?.prompt_id === id) return { state: 'ended', prompt_id: id, outcome: this.#latest };
    return promptStateOf(this.state, this.running, id);
  }

  /** Takes a prompt that came by signal. Its sender gets no answer, so a refusal is noted. */
  signalled(payload: unknown): void {
    this.state.signals = (this.state.signals ?? 0) + 1;
    try {
      const parsed = this.features.signalled(payload);
      const problem = 'problem' in parsed ? parsed.problem : this.#refusal(parsed.request, 'signal');
      if (problem) this.noteRefused(problem, 'request' in parsed ? parsed.request.prompt_id : promptIdIn(payload));
      else if ('request' in parsed) this.#take(parsed.request);
    } catch (error) {
      this.noteRefused(defect(error));
    }
    this.show();
  }

  /** Notes a signal with an unknown name. */
  misnamed(name: string): void {
    this.noteRefused(unknownSignal(name));
  }

  noteRefused(problem: Failure, promptId?: PromptId): void {
    transitions.noteRefused(this.state, problem, promptId, now());
  }

  /** @throws ApplicationFailure with the code of the refusal */
  validate(payload: unknown): void {
    const request = { ...requestOf(payload) };
    delete request.wait; // `prompted` measures the request without `wait`, too.
    const refusal = this.#ready ? this.#refusal(request, 'update') : undefined;
    if (refusal) throw refused(refusal);
  }

  /** @throws ApplicationFailure with the code of a refusal that the validator could not know */
  async prompted(payload: unknown): Promise<TurnResult | Accepted> {
    const { wait, ...request } = requestOf(payload);
    // Other messages may have come since the validator let it pass.
    const mayBeRefused = !this.#ready || this.features.signalsFirst;
    if (!this.#ready) await wf.condition(() => this.#ready);
    const refusal = mayBeRefused ? this.#refusal(request, 'update') : undefined;
    if (refusal) {
      this.noteRefused(refusal, request.prompt_id); // Its sender may be gone, and ask later.
      throw refused(refusal);
    }
    const promptId = this.#take(request);
    const accepted = { status: 'accepted', topic: this.id, prompt_id: promptId } as const;
    if (wait === false || this.#held >= limits.MAX_HELD_CALLERS) return this.#answer(promptId) ?? accepted;
    const { state } = this;
    this.#held += 1;
    try {
      await wf.condition(() => this.rolling || this.#known(promptId) !== undefined || !this.#isPending(promptId));
    } finally {
      this.#held -= 1;
    }
    // The topic was forgotten while this caller waited. `state` is that of its former life.
    const forgotten = this.state === state ? undefined : transitions.outcomeOf(state, promptId);
    return this.#answer(promptId) ?? forgotten ?? accepted;
  }

  cancel(payload: CancelRequest | undefined | null): Cancelled {
    const { prompt_id: promptId, reason } = payload ?? {};
    const { running } = this;
    if (running && (promptId === undefined || isOf(running, promptId))) {
      this.stop({ message: reason === undefined ? 'The turn was cancelled.' : `The turn was cancelled: ${reason}` });
      return { prompt_id: running.prompt.prompt_id, effect: 'stopping' };
    }
    if (promptId === undefined) return { prompt_id: null, effect: 'nothing_running' };
    const effect = this.#takeOut(promptId, reason);
    this.show();
    if (effect === undefined) throw refused(failure('INVALID_PROMPT', `Topic ${this.id} knows no prompt ${promptId}.`));
    return { prompt_id: promptId, effect };
  }

  async forget(payload: ForgetRequest | undefined | null): Promise<Forgotten> {
    this.forgetting = { sessions: payload?.sessions === true || this.forgetting?.sessions === true };
    this.forgotten = undefined;
    this.state.closing = true;
    this.endAll('the topic was forgotten');
    this.show();
    await wf.condition(() => this.forgotten !== undefined);
    return this.forgotten!;
  }

  /**
   * Prompts that came while the topic was being forgotten were accepted: its next life has them.
   */
  startAnew(forgotten: Forgotten): void {
    const { queue, signals } = this.state;
    const { firstExecutionRunId, historyLength } = wf.workflowInfo();
    this.state = {
      ...transitions.newTopicState(),
      ...defined({ signals }),
      epoch: `${firstExecutionRunId}/${historyLength}`,
    };
    for (const { prompt_id, request, accepted_at } of queue)
      transitions.accept(this.state, request, accepted_at, prompt_id);
    this.#latest = undefined;
    this.forgetting = undefined;
    this.forgotten = forgotten;
  }

  /** Stops the running turn and takes every prompt out of the queue. */
  endAll(why: string): void {
    for (const { prompt_id } of [...this.state.queue]) this.#takeOut(prompt_id, why);
    this.stop({ message: `The turn was cancelled: ${why}.` });
  }

  stop(why: Stopped): void {
    if (!this.running) return;
    this.running.stopped ??= why;
    this.scope?.cancel();
  }

  record(prompt: QueuedPrompt, result: TurnResult): void {
    const outcome = this.features.current ? bounded(result) : result;
    this.#latest = outcome;
    transitions.recordOutcome(this.state, outcome);
    this.notices.ended(prompt, outcome);
  }

  #refusal(request: PromptRequest, via: 'update' | 'signal'): Failure | undefined {
    const promptId = request.prompt_id ?? (this.features.current ? this.#unnamedId() : undefined);
    const { fixedInSession: fixed } = this.features;
    const arrival = { topic: this.id, via, isFull: this.features.isFull(via), fixed, ...defined({ promptId }) };
    return transitions.refusalOf(this.state, request, arrival);
  }

  #take(request: PromptRequest): PromptId {
    const again = request.prompt_id !== undefined && transitions.isKnown(this.state, request.prompt_id);
    const promptId = request.prompt_id ?? this.#unnamedId();
    if (!again) this.features.accepts(request);
    transitions.accept(this.state, request, now(), promptId);
    // In an older run, the first prompt sets the topic's project, even if it opens no session.
    if (!this.features.current && !again && request.session_id === undefined && request.project !== undefined)
      this.state.project ??= request.project;
    if (request.when === 'interrupt' && !again) {
      this.stop({
        message: `The turn was interrupted by prompt ${promptId}: ${titleOf(request.prompt)}`,
        interrupted_by: promptId,
      });
    }
    if (!again && this.running?.waiting?.for === 'agent') retryNow(this.running);
    this.show();
    return promptId;
  }

  /** A reset replays messages. A prompt whose id changed with that would be put in twice. */
  #unnamedId(): PromptId {
    return this.features.unnamedId(wf.currentUpdateInfo()?.id, this.state.signals ?? 0);
  }

  #takeOut(promptId: PromptId, reason?: string): Cancelled['effect'] | undefined {
    return transitions.cancelQueued(this.state, promptId, (queued: QueuedPrompt) => {
      this.#latest = cancelledBeforeItBegan(this.id, this.state, queued, now(), reason);
      this.notices.ended(queued, this.#latest);
      return this.#latest;
    });
  }

  #known(promptId: PromptId): TurnResult | undefined {
    return this.#latest?.prompt_id === promptId ? this.#latest : transitions.outcomeOf(this.state, promptId);
  }

  #answer(promptId: PromptId): TurnResult | undefined {
    const outcome = this.#known(promptId);
    return outcome && this.#answers.haveRoomFor(outcome) ? outcome : undefined;
  }

  #isPending(promptId: PromptId): boolean {
    return (
      this.running?.prompt.prompt_id === promptId || this.state.queue.some((queued) => queued.prompt_id === promptId)
    );
  }
}
