/** The library's front door: topics and prompts, durably. */
import { setMaxListeners } from 'node:events';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { checkProofOf, loadConfig, projectOf, unlessUnsafe, workingDirectory, type Config } from '../config.js';
import { failure, type Failure } from '../contract/failures.js';
import { topicOfPrompt, type PromptId, type SessionId, type TopicId } from '../contract/ids.js';
import * as messages from '../contract/messages.js';
import { digestOfRequest } from '../contract/parse-prompt.js';
import type { Accepted, Cancelled, PromptRequest, PromptState, TopicView, TurnResult } from '../contract/types.js';
import { askTopic, refusalOf } from './ask-topic.js';
import { awaitOutcome, type Awaiting } from './await-outcome.js';
import { cancelIn, closeTopic } from './cancel-and-close.js';
import type { ConnectionEvent } from './connection-watch.js';
import { connect, type Connected, type ConnectOptions } from './connect.js';
import { Crowds } from './crowd.js';
import { Known } from './disconnected.js';
import { findTarget } from './find-target.js';
import { findTopic } from './find-topic.js';
import { forgetTopic, type Forgot } from './forget-topic.js';
import { listTopics, type TopicFilter, type TopicSummary } from './list-topics.js';
import { lastPollOf } from './pollers.js';
import { promptIdOf, promptOf, sessionIdOf, topicIdOf, type PromptOptions } from './prompt-of.js';
import { reporting } from './reporting.js';
import { sendPrompt, type Sending, type Sent } from './send-prompt.js';
import { SessionError, sessionError } from './session-error.js';
import { problemIn } from './topic-problem.js';
import { NO_WORKER_YET, progressOf, type Progress } from './watch-progress.js';
import { watchTopic, type TopicEvent } from './watch-topic.js';

export interface ManagerOptions extends ConnectOptions {
  /** Where the caller stands: its config, its project, and where sessions are opened. Default: the process's own directory. */
  cwd?: string;
  config?: Config;
  /** A call waits so long for a worker while none polls: NO_WORKER. Default: what config says (`limits.noWorkerAfter`), 30 s. */
  noWorkerAfterMs?: number;
  /**
   * Whether checks are signed with the key of the data directory, by which the worker of that directory runs any command. Default: true. Not for who
   * passes on what others ask: then config has to list the commands.
   */
  signsChecks?: boolean;
}

export interface DelegateOptions extends PromptOptions {
  /** Stops waiting. The turn goes on; `cancel` stops it. */
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
  /** What `watch` tells of the topic, until the outcome is known. */
  onEvent?: (event: TopicEvent) => void;
  /** Whether Temporal still answers: called when it no longer does, and when it does again. */
  onConnection?: (event: ConnectionEvent) => void;
  /** Called once, as soon as the prompt is known to be in the topic's history. */
  onAccepted?: (accepted: Accepted) => void;
}

type WaitOptions = Pick<DelegateOptions, 'signal' | 'onProgress' | 'onEvent' | 'onConnection'>;

/** A follow-up goes to a session that is there: nothing of it can be chosen any more. */
export type FollowUpOptions = WaitOptions & Pick<DelegateOptions, 'prompt_id' | 'onAccepted'>;

/** A question to a topic, such as its view. */
const ANSWERS_WITHIN_MS = 10_000;

interface Prompted {
  request: PromptRequest & { prompt_id: PromptId };
  /** The topic that the caller named, and the session. */
  named?: TopicId;
  session?: SessionId;
}

/** How a prompt is waited for. */
type Waiting = Pick<Sending, 'until' | 'known' | 'onUnanswered'>;

export class SessionManager {
  readonly #client: Client;
  readonly #close: () => Promise<void>;
  readonly #over = new AbortController();
  readonly #crowds = new Crowds();
  readonly #config: Config;
  readonly #standing: { cwd: string; project: string };
  readonly #noWorkerAfterMs: number;

  readonly #signsChecks: boolean;

  private constructor({ client, close }: Connected, config: Config, standing: { cwd: string; project: string }, options: ManagerOptions) {
    setMaxListeners(0, this.#over.signal); // As many as wait at once.
    this.#client = client;
    this.#close = close;
    this.#config = config;
    this.#standing = standing;
    this.#noWorkerAfterMs = options.noWorkerAfterMs ?? config.limits.noWorkerAfterMs;
    this.#signsChecks = options.signsChecks ?? true;
  }

  /** @throws SessionError TEMPORAL_UNAVAILABLE, CONFIG_INVALID, CWD_MISSING */
  static async connect(options: ManagerOptions = {}): Promise<SessionManager> {
    const cwd = options.cwd ?? workingDirectory();
    const config = options.config ?? (await loadConfig({ cwd }));
    const connected = await connect(options);
    return new SessionManager(connected, config, { cwd, project: await projectOf(cwd, config) }, options);
  }

  /**
   * Hands a prompt to the topic's session and waits for its outcome. Kill the caller, and ask again with the same
   * `prompt_id`: it attaches to the same turn.
   *
   * @returns also for a turn that failed or was cancelled: look at `status`
   * @throws SessionError for refusals; NO_WORKER and TOPIC_STUCK when it is accepted and no worker works on it
   */
  async delegate(topic: string | undefined, prompt: string, options: DelegateOptions = {}): Promise<TurnResult> {
    const { signal, onProgress, onEvent, onConnection, onAccepted, ...said } = options;
    const prompted = this.#prompted(topic, prompt, said);
    const place = await this.#placeOf(prompted);
    const onUnanswered = onProgress && (() => onProgress(NO_WORKER_YET));
    const known = new Known({ topic: place, prompt_id: prompted.request.prompt_id }, onAccepted);
    const waiting: Waiting = { until: this.#until(signal), known, onUnanswered };
    const work = async () => {
      const sent = await this.#send(prompted, place, waiting);
      if (sent.status !== 'accepted') return sent;
      return this.#awaited(sent, { signal: waiting.until, digest: digestOfRequest(prompted.request), onUnanswered });
    };
    return this.#unlessOver(known, reporting(this.#client, place, { onProgress, onEvent, onConnection }, work));
  }

  /** `Fix: …` to the session that did it; by its id, or by the name of its topic. @throws SessionError TOPIC_UNKNOWN: it never opens one */
  async fix(topicOrSession: string, error: string, options: FollowUpOptions = {}): Promise<TurnResult> {
    return this.#followUp(topicOrSession, 'Fix', error, options);
  }

  /** `Also: …`: a further question or wish, with all that the session knows. @throws SessionError TOPIC_UNKNOWN: it never opens one */
  async also(topicOrSession: string, question: string, options: FollowUpOptions = {}): Promise<TurnResult> {
    return this.#followUp(topicOrSession, 'Also', question, options);
  }

  async #followUp(name: string, form: 'Fix' | 'Also', said: string, options: FollowUpOptions): Promise<TurnResult> {
    if (typeof said !== 'string' || said.trim() === '') throw sessionError('INVALID_PROMPT', `${form}: what? The text is empty.`);
    const { topic, ...to } = await findTarget(this.#client, name);
    return this.delegate(topic, `${form}: ${said}`, { ...options, ...to });
  }

  /** Accepted, not waited for; `notice` says when no worker polls that could begin. Ask with `outcome`. */
  async submit(topic: string | undefined, prompt: string, options: PromptOptions = {}): Promise<Accepted & { notice?: Failure }> {
    const prompted = this.#prompted(topic, prompt, options);
    const place = await this.#placeOf(prompted);
    const request = { ...prompted.request, wait: false };
    const { prompt_id } = request;
    const known = new Known({ topic: place, prompt_id });
    const sent = await this.#unlessOver(known, this.#send({ ...prompted, request }, place, { until: this.#until(), known }));
    const accepted = { status: 'accepted', topic: place, prompt_id } as const;
    if (sent.status !== 'accepted' || !sent.unanswered || (await this.#isPolled())) return accepted;
    return { ...accepted, notice: failure('NO_WORKER', `No worker polls; prompt ${prompt_id} is accepted in topic ${place} and waits for one.`) };
  }

  /** Also where that is not known. */
  async #isPolled(): Promise<boolean> {
    return lastPollOf(this.#client).then((poll) => poll !== undefined, () => true);
  }

  /** Waits for the outcome of a prompt that was accepted before, by whomever. */
  async wait(topic: string, promptId: string, options: WaitOptions = {}): Promise<TurnResult> {
    const prompt = { topic: topicIdOf(topic), prompt_id: promptIdOf(promptId) };
    const { onProgress } = options;
    const awaiting = { signal: this.#until(options.signal), onUnanswered: onProgress && (() => onProgress(NO_WORKER_YET)) };
    const known = new Known(prompt, undefined, 'sent');
    return this.#unlessOver(known, reporting(this.#client, prompt.topic, options, () => this.#awaited(prompt, awaiting)));
  }

  #awaited(prompt: { topic: TopicId; prompt_id: PromptId }, awaiting: Omit<Awaiting, 'crowd' | 'noWorkerAfterMs'>): Promise<TurnResult> {
    return this.#crowds.in(prompt.topic, (crowd) => awaitOutcome(this.#client, prompt, { ...awaiting, crowd, noWorkerAfterMs: this.#noWorkerAfterMs }));
  }

  async outcome(topic: string, promptId: string): Promise<PromptState> {
    const id = promptIdOf(promptId);
    return this.#ask(topic, (handle) => handle.query(messages.outcome, id));
  }

  async view(topic: string): Promise<TopicView> {
    return this.#ask(topic, async (handle) => {
      const [view, execution] = await Promise.all([handle.query(messages.view), handle.describe()]);
      const problem = problemIn(execution);
      return { ...view, ...(problem && { problem }) };
    });
  }

  /** The topic that a session belongs to, also when it is closed. */
  async topicOf(sessionId: string): Promise<TopicId> {
    return findTopic(this.#client, sessionIdOf(sessionId));
  }

  /** What the running turn of the topic is doing; nothing when none runs. */
  async progress(topic: string): Promise<Progress | undefined> {
    return this.#ask(topic, () => progressOf(this.#client, topicIdOf(topic)));
  }

  /**
   * Follows a topic live, from what it is now to its end or until the signal is aborted. Costs no history; any number may watch, from anywhere.
   *
   * @throws SessionError TOPIC_UNKNOWN, NO_WORKER when nobody answers for the topic
   */
  watch(topic: string, signal?: AbortSignal): AsyncIterable<TopicEvent> {
    return this.#watching(topicIdOf(topic), this.#until(signal));
  }

  async *#watching(topic: TopicId, signal: AbortSignal): AsyncGenerator<TopicEvent> {
    try {
      yield* watchTopic(this.#client, topic, signal);
    } catch (error) {
      throw await refusalOf(this.#client, error, topic);
    }
  }

  /** Newest first. Open topics, and closed ones as long as the namespace keeps them. */
  list(filter: TopicFilter = {}): AsyncIterable<TopicSummary> {
    return listTopics(this.#client, filter);
  }

  /** Stops the running turn, or takes a queued prompt out. */
  async cancel(topic: string, promptId?: string, options: { reason?: string } = {}): Promise<Cancelled> {
    const request = { ...(promptId !== undefined && { prompt_id: promptIdOf(promptId) }), ...options };
    return this.#ask(topic, (handle) => cancelIn(handle, topicIdOf(topic), request));
  }

  /** The topic finishes its queue, then ends; `now`: what runs is stopped, what is queued ends as cancelled. A session of it can still be named: that opens it again. */
  async close(topic: string, options: { now?: boolean } = {}): Promise<{ remaining: number }> {
    return this.#ask(topic, (handle) => closeTopic(handle, options));
  }

  /**
   * Erases what the topic remembers, and its runs where the server allows that; a later prompt begins a new life of the topic. Stops what runs.
   *
   * @returns what stays: sessions in the agents' own stores unless `sessions`, and runs that could not be deleted
   */
  async forget(topic: string, options: { sessions?: boolean } = {}): Promise<Forgot> {
    return forgetTopic(this.#client, topicIdOf(topic), options).catch(async (error: unknown) => {
      throw await refusalOf(this.#client, error, topicIdOf(topic));
    });
  }

  /** Lets go of the connection. Whatever runs goes on; calls that wait for it end as OUTCOME_UNKNOWN. */
  async disconnect(): Promise<void> {
    this.#over.abort(sessionError('OUTCOME_UNKNOWN', 'The manager was disconnected before the outcome was known.'));
    await this.#close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disconnect();
  }

  /** A call that is held when the manager is disconnected ends as that, wherever it is. */
  async #unlessOver<T>(known: Known, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const over = this.#over.signal;
      throw over.aborted && (error === over.reason || !(error instanceof SessionError)) ? known.disconnected() : error;
    }
  }

  #until(signal?: AbortSignal): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#over.signal]) : this.#over.signal;
  }

  /** Every check that needs no server. */
  #prompted(topic: string | undefined, prompt: string, said: PromptOptions): Prompted {
    const named = topic === undefined ? undefined : topicIdOf(topic);
    const session = said.session_id === undefined ? undefined : sessionIdOf(said.session_id);
    const closes = named === undefined && session === undefined && { close_after: this.#config.limits.closeUnnamedAfterMs };
    const request = { ...promptOf(prompt, said, this.#config, this.#standing), ...closes };
    return { request, ...(named !== undefined && { named }), ...(session !== undefined && { session }) };
  }

  async #placeOf({ request, session, named }: Prompted): Promise<TopicId> {
    if (!session) return named ?? topicOfPrompt(request.prompt_id);
    const topic = await findTopic(this.#client, session);
    if (named === undefined || named === topic) return topic;
    throw sessionError('SESSION_PINNED', `Session ${session} belongs to topic ${topic}, not to topic ${named}.`, { topic });
  }

  async #send(prompted: Prompted, topic: TopicId, waiting: Waiting): Promise<Sent> {
    const request = await this.#signed(prompted.request, topic);
    return this.#crowds.in(topic, (crowd) => sendPrompt(this.#client, { ...waiting, topic, crowd, request }));
  }

  async #signed(request: Prompted['request'], topic: TopicId): Promise<Prompted['request']> {
    const { checks, prompt_id } = request;
    if (!checks || !this.#signsChecks) return request;
    // A caller that can't use the data directory is none of that host: the worker says then what has to be listed.
    const proof = await checkProofOf(this.#config.dataDir, { topic, prompt_id, checks }).catch(unlessUnsafe);
    return { ...request, ...(proof !== undefined && { checks_proof: proof }) };
  }

  async #ask<T>(topic: string, ask: (handle: WorkflowHandle) => Promise<T>): Promise<T> {
    return askTopic(this.#client, topicIdOf(topic), Math.min(ANSWERS_WITHIN_MS, 2 * this.#noWorkerAfterMs), ask);
  }
}
