/** The entry of the library: topics and prompts that survive crashes. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { loadConfig, projectOf, workingDirectory, type Config } from '../config.js';
import type { AgentSessions } from '../contract/agent-session.js';
import type { AnswerRequest, AnswerTaken, Retried } from '../contract/asks.js';
import { failure, type Failure } from '../contract/failures.js';
import { type TopicId } from '../contract/ids.js';
import * as messages from '../contract/messages.js';
import { digestOfRequest } from '../contract/parse-prompt.js';
import type { Cancelled, Closed, ReplyPage } from '../contract/answers.js';
import { MAX_KEYWORD_LENGTH } from '../contract/search-attributes.js';
import type { Accepted, PromptState, TurnResult } from '../contract/types.js';
import type { TopicView } from '../contract/views.js';
import { sessionsWithTopics, type SessionFilter, type Standing } from './agent-sessions.js';
import { answerIn, retryIn } from './answer-and-retry.js';
import { askTopic } from './ask-topic.js';
import { cancelIn, closeAndArchive, closeTopic } from './cancel-and-close.js';
import { connect, type TemporalConnection } from './connect.js';
import { Delivery, type WaitedFor } from './delivery.js';
import { Known } from './disconnected.js';
import { findTarget } from './find-target.js';
import { findTopic } from './find-topic.js';
import { forgetTopic, type Forgot } from './forget-topic.js';
import { listTopics, type TopicFilter, type TopicSummary } from './list-topics.js';
import type { DelegateOptions, FollowUpOptions, ManagerOptions, WaitOptions } from './manager-options.js';
import { outcomesOf, type NamedPrompt, type OutcomesOptions, type PromptReport } from './outcomes.js';
import { isPolled } from './pollers.js';
import { promptIdOf, sessionIdOf, topicIdOf, type PromptOptions } from './prompt-of.js';
import { placeOf, readReply } from './read-reply.js';
import { reporting } from './reporting.js';
import { sessionError } from './session-error.js';
import { problemIn } from './topic-problem.js';
import { Workspaces } from './workspaces.js';
import { NO_WORKER_YET, progressOf, type Progress } from './watch-progress.js';
import type { TopicEvent } from './watch-topic.js';
import { watchedTopic } from './watched-topic.js';

/** The time limit of a call to a topic, such as `view`. */
const ANSWERS_WITHIN_MS = 10_000;

export class SessionManager {
  readonly #client: Client;
  readonly #close: () => Promise<void>;
  readonly #delivery: Delivery;
  readonly #answersWithinMs: number;
  /** The git work trees of topics: merge and discard. */
  readonly workspaces: Workspaces;
  /** The caller's project, as `list` names it. */
  readonly project: string;
  /**
   * What the agents of this machine have in their own stores, no matter who began it. Starts none.
   *
   * @throws Failed AGENT_UNKNOWN; SessionError TEMPORAL_UNAVAILABLE
   */
  readonly sessions: (filter?: SessionFilter) => Promise<AgentSessions>;

  private constructor(temporal: TemporalConnection, config: Config, standing: Standing, options: ManagerOptions) {
    const { client, close } = temporal;
    this.#client = client;
    this.#close = close;
    this.project = standing.project.slice(-MAX_KEYWORD_LENGTH);
    this.sessions = (filter) => sessionsWithTopics(client, config, standing, filter);
    this.workspaces = new Workspaces(config, (topic) => this.view(topic));
    const noWorkerAfterMs = options.noWorkerAfterMs ?? config.limits.noWorkerAfterMs;
    this.#answersWithinMs = Math.min(ANSWERS_WITHIN_MS, 2 * noWorkerAfterMs);
    this.#delivery = new Delivery({
      client,
      config,
      standing,
      noWorkerAfterMs,
      signsChecks: options.signsChecks ?? true,
    });
  }

  /** @throws SessionError TEMPORAL_UNAVAILABLE, CONFIG_INVALID, CWD_MISSING */
  static async connect(options: ManagerOptions = {}): Promise<SessionManager> {
    const cwd = options.cwd ?? workingDirectory();
    const config = options.config ?? (await loadConfig({ cwd }));
    const connected = await connect(options);
    return new SessionManager(connected, config, { cwd, project: await projectOf(cwd, config) }, options);
  }

  /**
   * Sends a prompt to the topic's session and waits for its outcome. If the caller is killed, the
   * same call with the same `prompt_id` attaches to the same turn.
   *
   * @returns also for a turn that failed or was cancelled: look at `status`
   * @throws SessionError for refusals; NO_WORKER and TOPIC_STUCK when the prompt is accepted and no
   * worker works on it
   */
  async delegate(topic: string | undefined, prompt: string, options: DelegateOptions = {}): Promise<TurnResult> {
    const { signal, onProgress, onEvent, onConnection, onWaiting, onAccepted, ...said } = options;
    const prompted = this.#delivery.prompted(topic, prompt, said);
    const place = await this.#delivery.placeOf(prompted);
    const onUnanswered = onProgress && (() => onProgress(NO_WORKER_YET));
    const ids = { topic: place, prompt_id: prompted.request.prompt_id };
    const known = new Known(ids, onAccepted);
    const waiting: WaitedFor = { until: this.#delivery.until(signal), known, onUnanswered };
    const work = async () => {
      const sent = await this.#delivery.send(prompted, place, waiting);
      if (sent.status !== 'accepted') return sent;
      return this.#delivery.awaited(sent, {
        signal: waiting.until,
        digest: digestOfRequest(prompted.request),
        onUnanswered,
      });
    };
    return this.#delivery.unlessOver(
      known,
      reporting(this.#client, ids, { onProgress, onEvent, onConnection, onWaiting }, work),
    );
  }

  /**
   * Sends `Fix: …` to an existing session, by its id or by the name of its topic.
   *
   * @throws SessionError TOPIC_UNKNOWN, because it never opens a topic
   */
  async fix(topicOrSession: string, error: string, options: FollowUpOptions = {}): Promise<TurnResult> {
    return this.#followUp(topicOrSession, 'Fix', error, options);
  }

  /**
   * Sends `Also: …`, a further question or wish, to an existing session that knows everything so
   * far.
   *
   * @throws SessionError TOPIC_UNKNOWN, because it never opens a topic
   */
  async also(topicOrSession: string, question: string, options: FollowUpOptions = {}): Promise<TurnResult> {
    return this.#followUp(topicOrSession, 'Also', question, options);
  }

  async #followUp(name: string, form: 'Fix' | 'Also', said: string, options: FollowUpOptions): Promise<TurnResult> {
    if (typeof said !== 'string' || said.trim() === '')
      throw sessionError('INVALID_PROMPT', `The text of "${form}: …" is empty. Say what to ask for.`);
    const { topic, ...to } = await findTarget(this.#client, name);
    return this.delegate(topic, `${form}: ${said}`, { ...options, ...to });
  }

  /**
   * Sends a prompt without waiting for its outcome. Ask for the outcome with `outcome`. `notice`
   * says when no worker polls that could start the turn.
   */
  async submit(
    topic: string | undefined,
    prompt: string,
    options: PromptOptions = {},
  ): Promise<Accepted & { notice?: Failure }> {
    const prompted = this.#delivery.prompted(topic, prompt, options);
    const place = await this.#delivery.placeOf(prompted);
    const request = { ...prompted.request, wait: false };
    const { prompt_id } = request;
    const known = new Known({ topic: place, prompt_id });
    const sent = await this.#delivery.unlessOver(
      known,
      this.#delivery.send({ ...prompted, request }, place, { until: this.#delivery.until(), known }),
    );
    const accepted = { status: 'accepted', topic: place, prompt_id } as const;
    if (sent.status !== 'accepted' || !sent.unanswered || (await isPolled(this.#client))) return accepted;
    return {
      ...accepted,
      notice: failure(
        'NO_WORKER',
        `No worker polls. Prompt ${prompt_id} is accepted in topic ${place} and waits for one.`,
      ),
    };
  }

  /** Waits for the outcome of a prompt that any caller has sent before. */
  async wait(topic: string, promptId: string, options: WaitOptions = {}): Promise<TurnResult> {
    const prompt = { topic: topicIdOf(topic), prompt_id: promptIdOf(promptId) };
    const { onProgress } = options;
    const awaiting = {
      signal: this.#delivery.until(options.signal),
      onUnanswered: onProgress && (() => onProgress(NO_WORKER_YET)),
    };
    const known = new Known(prompt, undefined, 'sent');
    return this.#delivery.unlessOver(
      known,
      reporting(this.#client, prompt, options, () => this.#delivery.awaited(prompt, awaiting)),
    );
  }

  async outcome(topic: string, promptId: string): Promise<PromptState> {
    const id = promptIdOf(promptId);
    return this.#ask(topic, (handle) => handle.query(messages.outcome, id));
  }

  /** The states of several prompts, in their order. With `wait`, once the first or all have ended. */
  async outcomes(prompts: readonly NamedPrompt[], options: OutcomesOptions = {}): Promise<PromptReport[]> {
    return outcomesOf(this, prompts, options);
  }

  /**
   * Reads all that the prompt's turn said from its agent's own store, on the host that has the
   * session. `page` counts from 1.
   *
   * @throws SessionError HOST_UNAVAILABLE, SESSION_LOST, OUTCOME_UNKNOWN, TOPIC_UNKNOWN, NO_WORKER
   */
  async reply(topic: string, promptId: string, page = 1): Promise<ReplyPage> {
    const [its, id] = [topicIdOf(topic), promptIdOf(promptId)];
    return readReply(this.#client, its, await this.#ask(topic, (handle) => placeOf(handle, its, id)), page);
  }

  async view(topic: string): Promise<TopicView> {
    return this.#ask(topic, async (handle) => {
      const [view, execution] = await Promise.all([handle.query(messages.view), handle.describe()]);
      const problem = problemIn(execution);
      return { ...view, ...(problem && { problem }) };
    });
  }

  /** The topic of a session, open or closed. */
  async topicOf(sessionId: string): Promise<TopicId> {
    return findTopic(this.#client, sessionIdOf(sessionId));
  }

  /** The progress of the topic's running turn. `undefined` when none runs. */
  async progress(topic: string): Promise<Progress | undefined> {
    return this.#ask(topic, () => progressOf(this.#client, topicIdOf(topic)));
  }

  /**
   * Follows a topic live, from its current state to its end or until the signal is aborted. It adds
   * nothing to the history, and any number of processes may watch.
   *
   * @throws SessionError TOPIC_UNKNOWN; NO_WORKER when no worker answers for the topic
   */
  watch(topic: string, signal?: AbortSignal): AsyncIterable<TopicEvent> {
    return watchedTopic(this.#client, topicIdOf(topic), this.#delivery.until(signal));
  }

  /** Newest first. Lists open topics, and closed ones as long as the namespace keeps them. */
  list(filter: TopicFilter = {}): AsyncIterable<TopicSummary> {
    return listTopics(this.#client, filter);
  }

  /**
   * Answers what the running turn asks: a permission or a question of its agent. The turn goes on. With
   * `ask_id`, another ask is never answered by mistake.
   *
   * @throws SessionError ASK_UNKNOWN when nothing, or something else, is asked; INVALID_ANSWER for an
   * answer that the ask does not take; TOPIC_UNKNOWN; NO_WORKER
   */
  async answer(topic: string, answer: AnswerRequest): Promise<AnswerTaken> {
    return this.#ask(topic, (handle) => answerIn(handle, topicIdOf(topic), answer));
  }

  /**
   * Tries the running turn again now, if it waits for a quota or for its agent.
   *
   * @throws SessionError TOPIC_UNKNOWN, NO_WORKER
   */
  async retry(topic: string): Promise<Retried> {
    return this.#ask(topic, retryIn);
  }

  /** Stops the running turn, or takes a queued prompt out. */
  async cancel(topic: string, promptId?: string, options: { reason?: string } = {}): Promise<Cancelled> {
    const request = { ...(promptId !== undefined && { prompt_id: promptIdOf(promptId) }), ...options };
    return this.#ask(topic, (handle) => cancelIn(handle, topicIdOf(topic), request));
  }

  /**
   * Ends the topic once its queue is finished, or `now`. With `archive`, its sessions leave the lists
   * of the agents. The next prompt for the topic or one of its sessions opens it again.
   */
  async close(topic: string, options: messages.CloseRequest = {}): Promise<Closed> {
    if (options.archive) return closeAndArchive(this.#client, topicIdOf(topic), options, this.#answersWithinMs);
    return this.#ask(topic, (handle) => closeTopic(handle, options));
  }

  /**
   * Erases what the topic remembers, and its runs if the server allows that. The running turn is
   * stopped. A later prompt starts the topic afresh.
   *
   * @throws SessionError WORKSPACE_UNFINISHED while a work tree of the topic is on this host
   * @returns what is kept: sessions in the agents' own stores unless `sessions`, and runs that
   * could not be deleted
   */
  async forget(topic: string, options: { sessions?: boolean } = {}): Promise<Forgot> {
    await this.workspaces.refuseToForget(topic);
    return forgetTopic(this.#client, topicIdOf(topic), options);
  }

  /** Closes the connection. Turns go on; calls that wait for one end with OUTCOME_UNKNOWN. */
  async disconnect(): Promise<void> {
    this.#delivery.end();
    await this.#close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disconnect();
  }

  async #ask<T>(topic: string, ask: (handle: WorkflowHandle) => Promise<T>): Promise<T> {
    return askTopic(this.#client, topicIdOf(topic), this.#answersWithinMs, ask);
  }
}
