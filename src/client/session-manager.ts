/** The library's front door: topics and prompts, durably. */
import { setMaxListeners } from 'node:events';
import type { Client } from '@temporalio/client';
import { checkProofOf, loadConfig, unlessUnsafe, projectOf, workingDirectory, type Config } from '../config.js';
import type { Failure } from '../contract/failures.js';
import { topicOfPrompt, workflowIdOf, type PromptId, type SessionId, type TopicId } from '../contract/ids.js';
import * as messages from '../contract/messages.js';
import type { Accepted, Cancelled, PromptRequest, PromptState, TopicView, TurnResult } from '../contract/types.js';
import { awaitOutcome } from './await-outcome.js';
import { reachesTemporal, type ConnectionEvent } from './connection-watch.js';
import { connect, type Connected, type ConnectOptions } from './connect.js';
import { findTarget } from './find-target.js';
import { findTopic } from './find-topic.js';
import { isNotFound, isTimeout, isUnanswered, refusalIn, unreachable } from './grpc-errors.js';
import { listTopics, type TopicFilter, type TopicSummary } from './list-topics.js';
import { promptIdOf, promptOf, sessionIdOf, topicIdOf, type PromptOptions } from './prompt-of.js';
import { reporting } from './reporting.js';
import { sendPrompt, type Sending, type Sent } from './send-prompt.js';
import { disconnected, SessionError, sessionError } from './session-error.js';
import { progressOf, type Progress } from './watch-progress.js';
import { watchTopic, type TopicEvent } from './watch-topic.js';

export interface ManagerOptions extends ConnectOptions {
  /** Where the caller stands: its config, its project, and where sessions are opened. Default: the process's own directory. */
  cwd?: string;
  config?: Config;
  /** No worker took the prompt for so long: it goes by signal, and the caller is told. Default 5000. */
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

/** Temporal allows 10 updates in flight per workflow; other processes want some, and so do cancel and close. */
const MAX_WAITING_BY_UPDATE = 5;

interface Prompted {
  request: PromptRequest & { prompt_id: PromptId };
  /** The topic that the caller named, and the session. */
  named?: TopicId;
  session?: SessionId;
}

/** The topic that a prompt goes to, and how it is to be met. */
type Place = Pick<Sending, 'topic' | 'state' | 'mustBeOpen'>;

export class SessionManager {
  readonly #client: Client;
  readonly #close: () => Promise<void>;
  readonly #over = new AbortController();
  /** How many calls are held, by topic. */
  readonly #waiting = new Map<TopicId, number>();
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
    this.#noWorkerAfterMs = options.noWorkerAfterMs ?? 5000;
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
   * @throws SessionError for refusals; NO_WORKER when it is accepted and nobody works yet
   */
  async delegate(topic: string | undefined, prompt: string, options: DelegateOptions = {}): Promise<TurnResult> {
    const { signal, onProgress, onEvent, onConnection, onAccepted, ...said } = options;
    const prompted = this.#prompted(topic, prompt, said);
    const place = await this.#placeOf(prompted);
    const until = this.#until(signal);
    let known: Accepted | undefined;
    const accept = (accepted: Accepted) => {
      if (!known) onAccepted?.(accepted);
      known ??= accepted;
    };
    const work = async () => {
      const sent = await this.#send(prompted, place, until, accept);
      if (sent.status !== 'accepted') return sent;
      if (sent.notice) throw new SessionError(sent.notice, sent);
      return awaitOutcome(this.#client, sent, until);
    };
    const ids = { topic: place.topic, prompt_id: prompted.request.prompt_id };
    return reporting(this.#client, place.topic, { onProgress, onEvent, onConnection }, work).catch((error: unknown) => {
      throw this.#isOver(error) ? disconnected(ids, known !== undefined) : error;
    });
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
    const { topic, ...session } = await findTarget(this.#client, name);
    return this.delegate(topic, `${form}: ${said}`, { ...options, ...session });
  }

  /** Accepted, not waited for; `notice` says when no worker is there to begin. Ask with `outcome`. */
  async submit(topic: string | undefined, prompt: string, options: PromptOptions = {}): Promise<Accepted & { notice?: Failure }> {
    const prompted = this.#prompted(topic, prompt, options);
    const sent = await this.#send({ ...prompted, request: { ...prompted.request, wait: false } }, await this.#placeOf(prompted), this.#until());
    return sent.status === 'accepted' ? sent : { status: 'accepted', topic: sent.topic, prompt_id: sent.prompt_id };
  }

  /** Waits for the outcome of a prompt that was accepted before, by whomever. */
  async wait(topic: string, promptId: string, options: WaitOptions = {}): Promise<TurnResult> {
    const prompt = { topic: topicIdOf(topic), prompt_id: promptIdOf(promptId) };
    const work = () => awaitOutcome(this.#client, prompt, this.#until(options.signal));
    return reporting(this.#client, prompt.topic, options, work).catch((error: unknown) => {
      throw this.#isOver(error) ? disconnected(prompt, false) : error;
    });
  }

  async outcome(topic: string, promptId: string): Promise<PromptState> {
    const id = promptIdOf(promptId);
    return this.#ask(topic, (handle) => handle.query(messages.outcome, id));
  }

  async view(topic: string): Promise<TopicView> {
    return this.#ask(topic, (handle) => handle.query(messages.view));
  }

  /** The topic that a session belongs to, also when it is closed. */
  async topicOf(sessionId: string): Promise<TopicId> {
    return (await findTopic(this.#client, sessionIdOf(sessionId))).topic;
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
      throw this.#refusalOf(error, topic);
    }
  }

  /** Newest first. Open topics, and closed ones as long as the namespace keeps them. */
  list(filter: TopicFilter = {}): AsyncIterable<TopicSummary> {
    return listTopics(this.#client, filter);
  }

  /** Stops the running turn, or takes a queued prompt out. */
  async cancel(topic: string, promptId?: string, options: { reason?: string } = {}): Promise<Cancelled> {
    const request = { ...(promptId !== undefined && { prompt_id: promptIdOf(promptId) }), ...options };
    return this.#ask(topic, async (handle) => {
      const { status } = await handle.describe();
      if (status.name === 'RUNNING') return handle.executeUpdate(messages.cancel, { args: [request] });
      return request.prompt_id === undefined ? { prompt_id: null, effect: 'nothing_running' } : { prompt_id: request.prompt_id, effect: 'already_ended' };
    });
  }

  /** The topic finishes its queue, then ends; `now`: what runs is stopped, what is queued ends as cancelled. A session of it can still be named: that opens it again. */
  async close(topic: string, options: { now?: boolean } = {}): Promise<{ remaining: number }> {
    return this.#ask(topic, async (handle) => {
      const { status } = await handle.describe();
      return status.name === 'RUNNING' ? handle.executeUpdate(messages.close, { args: [options] }) : { remaining: 0 };
    });
  }

  /** Lets go of the connection. Whatever runs goes on; calls that wait for it end as OUTCOME_UNKNOWN. */
  async disconnect(): Promise<void> {
    this.#over.abort(sessionError('OUTCOME_UNKNOWN', 'The manager was disconnected before the answer came.'));
    await this.#close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disconnect();
  }

  #until(signal?: AbortSignal): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#over.signal]) : this.#over.signal;
  }

  /** Whether a call ended because of `disconnect()`, and not because of what the topic or the caller did. */
  #isOver(error: unknown): boolean {
    return this.#over.signal.aborted && (error === this.#over.signal.reason || !(error instanceof SessionError));
  }

  /** Every check that needs no server. */
  #prompted(topic: string | undefined, prompt: string, said: PromptOptions): Prompted {
    const named = topic === undefined ? undefined : topicIdOf(topic);
    const session = said.session_id === undefined ? undefined : sessionIdOf(said.session_id);
    const request = promptOf(prompt, said, this.#config, this.#standing);
    return { request, ...(named !== undefined && { named }), ...(session !== undefined && { session }) };
  }

  async #placeOf({ request, session, named }: Prompted): Promise<Place> {
    if (!session) return { topic: named ?? topicOfPrompt(request.prompt_id) };
    const { topic, closed } = await findTopic(this.#client, session);
    if (named !== undefined && named !== topic) {
      throw sessionError('SESSION_PINNED', `Session ${session} belongs to topic ${topic}, not to topic ${named}.`, { topic });
    }
    return { topic, ...(closed ? { state: closed } : { mustBeOpen: true }) };
  }

  /** A topic can close, or be opened again, between the look and the call: then look again. */
  async #send(prompted: Prompted, place: Place, until: AbortSignal, onAccepted?: (accepted: Accepted) => void, looks = 3): Promise<Sent> {
    const waiting = this.#waiting.get(place.topic) ?? 0;
    this.#waiting.set(place.topic, waiting + 1);
    try {
      const request = await this.#signed(prompted.request, place.topic);
      const crowded = waiting >= MAX_WAITING_BY_UPDATE;
      return await sendPrompt(this.#client, { ...place, until, crowded, onAccepted, request, noWorkerAfterMs: this.#noWorkerAfterMs });
    } catch (error) {
      if (!prompted.session || !isNotFound(error) || looks <= 1) throw error;
      return this.#send(prompted, await this.#placeOf(prompted), until, onAccepted, looks - 1);
    } finally {
      const left = (this.#waiting.get(place.topic) ?? 1) - 1;
      if (left > 0) this.#waiting.set(place.topic, left);
      else this.#waiting.delete(place.topic);
    }
  }

  async #signed(request: Prompted['request'], topic: TopicId): Promise<Prompted['request']> {
    const { checks, prompt_id } = request;
    if (!checks || !this.#signsChecks) return request;
    // A caller that can't use the data directory is none of that host: the worker says then what has to be listed.
    const proof = await checkProofOf(this.#config.dataDir, { topic, prompt_id, checks }).catch(unlessUnsafe);
    return { ...request, ...(proof !== undefined && { checks_proof: proof }) };
  }

  async #ask<T>(topic: string, ask: (handle: ReturnType<Client['workflow']['getHandle']>) => Promise<T>): Promise<T> {
    const id = topicIdOf(topic);
    try {
      return await this.#client.withDeadline(Date.now() + 2 * this.#noWorkerAfterMs, () => ask(this.#client.workflow.getHandle(workflowIdOf(id))));
    } catch (error) {
      // Time runs out alike where no worker is and where no server is.
      if (isTimeout(error) && !(await reachesTemporal(this.#client, 1000))) throw unreachable(error, `answer for topic ${id}`);
      throw this.#refusalOf(error, id);
    }
  }

  #refusalOf(cause: unknown, topic: TopicId): unknown {
    if (cause instanceof SessionError) return cause;
    const refusal = refusalIn(cause, { topic });
    if (refusal) return refusal;
    if (isNotFound(cause)) return sessionError('TOPIC_UNKNOWN', `There is no topic ${topic}.`, { topic, cause });
    if (isUnanswered(cause)) return sessionError('NO_WORKER', `No worker answered for topic ${topic}.`, { topic, cause });
    return unreachable(cause, `answer for topic ${topic}`);
  }
}
