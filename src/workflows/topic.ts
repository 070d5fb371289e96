/**
 * One topic while a run of it lives: its state, the turn that runs, and everything that callers and operators can do to
 * it. `topic-session.ts` connects it to Temporal; the transitions of the state itself are in `session-state.ts`.
 */
import * as wf from '@temporalio/workflow';
import { failure, type Failure } from '../contract/failures.js';
import { derivedId, isId, topicOf, type PromptId, type SessionId } from '../contract/ids.js';
import * as limits from '../contract/limits.js';
import type { CancelRequest, CloseRequest, ForgetRequest } from '../contract/messages.js';
import { parsePrompt } from '../contract/parse-prompt.js';
import type { QueuedPrompt, RunningPrompt, SessionRecord, TopicState } from '../contract/state.js';
import { digestOf, titleOf } from '../contract/text.js';
import type { Accepted, Cancelled, Forgotten, PromptRequest, PromptState, TopicView, TurnResult } from '../contract/types.js';
import { announce } from './announce.js';
import { cancelledBeforeItBegan } from './ended.js';
import type { Features } from './features.js';
import { defect, refused, requestOf } from './refused.js';
import { bounded, sizeOf } from './remembered.js';
import * as transitions from './session-state.js';
import { stopTurn } from './calls.js';
import { now } from './time.js';
import { detailsOf, isOf, promptStateOf, viewOf } from './topic-view.js';

type Stopped = NonNullable<RunningPrompt['stopped']>;

/** After that nothing of it runs any more: the worker's own records of turns are older than any turn may become. */
const STOP_WAITS_FOR_HOST = '4 days';

export class Topic {
  readonly id = topicOf(wf.workflowInfo().workflowId);
  state: TopicState = transitions.newTopicState();
  running: RunningPrompt | undefined;
  scope: wf.CancellationScope | undefined;
  /** Callers are answered `accepted`, because the run is about to continue as new. */
  rolling = false;
  ended = false;
  forgetting: ForgetRequest | undefined;
  forgotten: Forgotten | undefined;
  /** When the timer fires that closes the topic if it has been idle for long, in ms since the epoch. */
  idleWatchedUntil: number | undefined;
  /** The outcome that was recorded last, whole. */
  #latest: TurnResult | undefined;
  #held = 0;
  #ready = false;
  /** What came by signal before the topic had recalled what it knew. */
  readonly #early: (() => void)[] = [];
  #answered = { task: -1, bytes: 0 };
  readonly #stops = new Map<SessionId, { scope: wf.CancellationScope; over: Promise<void> }>();

  constructor(readonly features: Features) {}

  /** The state is complete: what came meanwhile is taken first, in its order. */
  begin(state: TopicState, running?: RunningPrompt): void {
    this.state = state;
    this.running = running;
    for (const session of this.state.to_stop ?? []) this.#stopLater(session);
    this.#ready = true;
    for (const handle of this.#early.splice(0)) handle();
    this.show();
  }

  /** At once where that is possible: an older run that handled a message at once is replayed so. */
  whenReady<T>(work: () => T | Promise<T>): T | Promise<T> {
    return this.#ready ? work() : wf.condition(() => this.#ready).then(work);
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
      ...(refused_total !== undefined && { refused_total }),
      ...(stopping.length > 0 && { stopping }),
      ...(close_after_ms !== undefined && idleSince !== undefined && { closes_at: new Date(Date.parse(idleSince) + close_after_ms).toISOString() }),
    };
  }

  /** What the next run needs. A release that knows nothing of `running` finds its prompt first in the queue. */
  carried(): TopicState {
    const { running, state } = this;
    if (!running) return { ...state };
    const resumable = { ...running };
    delete resumable.stopped; // A run that goes on with a turn is not the one that was asked to stop it.
    return { ...state, queue: [running.prompt, ...state.queue], running: resumable };
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

  /** A prompt that came by signal: nobody waits for an answer, so everything that is wrong with it is noted. */
  signalled(payload: unknown): void {
    if (!this.#ready) return void this.#early.push(() => this.signalled(payload));
    this.state.signals = (this.state.signals ?? 0) + 1;
    try {
      const parsed = parsePrompt(payload);
      const problem = 'problem' in parsed ? parsed.problem : this.#refusal(parsed.request, 'signal');
      if (problem) this.noteRefused(problem, 'request' in parsed ? parsed.request.prompt_id : promptIdIn(payload));
      else if ('request' in parsed) this.#take(parsed.request);
    } catch (error) {
      this.noteRefused(defect(error));
    }
    this.show();
  }

  noteRefused(problem: Failure, promptId?: PromptId): void {
    transitions.noteRefused(this.state, problem, promptId, now());
  }

  /** @throws ApplicationFailure with the code of the refusal */
  validate(payload: unknown): void {
    const request = { ...requestOf(payload) };
    delete request.wait; // As `prompted` weighs it.
    const refusal = this.#ready ? this.#refusal(request, 'update') : undefined;
    if (refusal) throw refused(refusal);
  }

  /** @throws ApplicationFailure with the code of a refusal that could not be known before the topic had recalled */
  async prompted(payload: unknown): Promise<TurnResult | Accepted> {
    const { wait, ...request } = requestOf(payload);
    if (!this.#ready) {
      await wf.condition(() => this.#ready);
      const refusal = this.#refusal(request, 'update');
      if (refusal) {
        this.noteRefused(refusal, request.prompt_id); // Its sender may be gone, and ask later.
        throw refused(refusal);
      }
    }
    const promptId = this.#take(request);
    const accepted = { status: 'accepted', topic: this.id, prompt_id: promptId } as const;
    if (wait === false || this.#held >= limits.MAX_HELD_CALLERS) return this.#answer(promptId) ?? accepted;
    this.#held += 1;
    try {
      await wf.condition(() => this.rolling || this.#known(promptId) !== undefined || !this.#isPending(promptId));
    } finally {
      this.#held -= 1;
    }
    return this.#answer(promptId) ?? accepted;
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

  close(payload: CloseRequest | undefined | null): { remaining: number } {
    this.state.closing = true;
    if (payload?.now === true) this.endAll('the topic was closed');
    this.show();
    return { remaining: this.state.queue.length + (this.running ? 1 : 0) };
  }

  async forget(payload: ForgetRequest | undefined | null): Promise<Forgotten> {
    this.forgetting = { sessions: payload?.sessions === true || this.forgetting?.sessions === true };
    this.state.closing = true;
    this.endAll('the topic was forgotten');
    this.show();
    await wf.condition(() => this.forgotten !== undefined);
    return this.forgotten!;
  }

  /** Stops what runs and takes out what is queued. */
  endAll(why: string): void {
    for (const { prompt_id } of [...this.state.queue]) this.#takeOut(prompt_id, why);
    this.stop({ message: `The turn was cancelled: ${why}.` });
  }

  stop(why: Stopped): void {
    if (!this.running) return;
    this.running.stopped ??= why;
    this.scope?.cancel();
  }

  record(result: TurnResult): void {
    const outcome = this.features.current ? bounded(result) : result;
    this.#latest = outcome;
    transitions.recordOutcome(this.state, outcome);
  }

  /** The turn ended as cancelled, and no attempt confirmed that the agent has stopped: it is stopped at the next contact. */
  stopAtNextContact({ session_id }: SessionRecord): void {
    const sessions = this.state.to_stop ?? [];
    if (sessions.includes(session_id)) return;
    this.state.to_stop = [...sessions, session_id];
    this.#stopLater(session_id);
  }

  /** Whatever runs next in a session stops what of ours still runs there by itself, and must not be stopped with it. */
  async stopIsOver(sessionId: SessionId): Promise<void> {
    const stop = this.#stops.get(sessionId);
    stop?.scope.cancel();
    await stop?.over;
  }

  #stopLater(sessionId: SessionId): void {
    const session = transitions.sessionOf(this.state, sessionId);
    const scope = new wf.CancellationScope();
    const stopped = session ? scope.run(() => stopTurn(this.id, session, STOP_WAITS_FOR_HOST)) : Promise.resolve();
    const over = () => {
      const left = (this.state.to_stop ?? []).filter((one) => one !== sessionId);
      if (left.length > 0) this.state.to_stop = left;
      else delete this.state.to_stop;
      this.#stops.delete(sessionId);
      this.show();
    };
    this.#stops.set(sessionId, { scope, over: stopped.then(over, over) });
  }

  #refusal(request: PromptRequest, via: 'update' | 'signal'): Failure | undefined {
    const promptId = request.prompt_id ?? (this.features.current ? this.#unnamedId() : undefined);
    const isFull = this.features.isFull(via);
    return transitions.refusalOf(this.state, request, { topic: this.id, via, isFull, ...(promptId !== undefined && { promptId }) });
  }

  #take(request: PromptRequest): PromptId {
    const again = request.prompt_id !== undefined && transitions.isKnown(this.state, request.prompt_id);
    const promptId = request.prompt_id ?? this.#unnamedId();
    transitions.accept(this.state, request, now(), promptId);
    // A run of an older release belonged to the project of its first prompt, even if that opened nothing.
    if (!this.features.current && !again && request.session_id === undefined && request.project !== undefined) this.state.project ??= request.project;
    if (request.when === 'interrupt' && !again) {
      this.stop({ message: `The turn was interrupted by prompt ${promptId}: ${titleOf(request.prompt)}`, interrupted_by: promptId });
    }
    this.show();
    return promptId;
  }

  /** The same after a reset, by which what came since is handed in again: under another id the prompt would be put in twice. */
  #unnamedId(): PromptId {
    const update = wf.currentUpdateInfo();
    const run = wf.workflowInfo().firstExecutionRunId;
    if (this.features.current) return derivedId(update ? ['update', update.id] : ['signal', this.state.signals ?? 0, run], digestOf);
    return this.features.olderUnnamedId(update?.id, `signal-${this.state.signals ?? 0}-${run}`);
  }

  #takeOut(promptId: PromptId, reason?: string): Cancelled['effect'] | undefined {
    return transitions.cancelQueued(this.state, promptId, (queued: QueuedPrompt) => {
      this.#latest = cancelledBeforeItBegan(this.id, this.state, queued, now(), reason);
      return this.#latest;
    });
  }

  #known(promptId: PromptId): TurnResult | undefined {
    return this.#latest?.prompt_id === promptId ? this.#latest : transitions.outcomeOf(this.state, promptId);
  }

  /** The outcome, while those that go out in this workflow task fit together into what one answer to the server carries. */
  #answer(promptId: PromptId): TurnResult | undefined {
    const outcome = this.#known(promptId);
    if (!outcome) return undefined;
    const task = wf.workflowInfo().historyLength;
    if (this.#answered.task !== task) this.#answered = { task, bytes: 0 };
    const bytes = this.#answered.bytes + sizeOf(outcome).whole;
    if (this.#answered.bytes > 0 && bytes > limits.MAX_ANSWERED_BYTES) return undefined;
    this.#answered.bytes = bytes;
    return outcome;
  }

  #isPending(promptId: PromptId): boolean {
    return this.running?.prompt.prompt_id === promptId || this.state.queue.some((queued) => queued.prompt_id === promptId);
  }
}

function promptIdIn(payload: unknown): PromptId | undefined {
  const candidate = typeof payload === 'object' && payload !== null && 'prompt_id' in payload ? payload.prompt_id : undefined;
  return isId(candidate) ? (candidate as PromptId) : undefined;
}
