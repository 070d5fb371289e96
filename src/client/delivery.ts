/** Brings a prompt to its topic, and its outcome back. */
import { setMaxListeners } from 'node:events';
import type { Client } from '@temporalio/client';
import { checkProofOf, differenceToWorkerIn, knownHostId, unlessUnsafe, type Config } from '../config.js';
import { defined } from '../contract/defined.js';
import { topicOfPrompt, type PromptId, type SessionId, type TopicId } from '../contract/ids.js';
import type { Check } from '../contract/checks.js';
import type { PromptRequest, TurnResult } from '../contract/types.js';
import { awaitOutcome, type Awaiting } from './await-outcome.js';
import { Crowds } from './crowd.js';
import type { Known } from './disconnected.js';
import { findTopic, topicWith } from './find-topic.js';
import { mustHaveOriginal } from './fork-of.js';
import { namingAdopt } from './naming-adopt.js';
import { promptOf, sessionIdOf, topicIdOf, type PromptOptions } from './prompt-of.js';
import { sendPrompt, type Sending, type Sent } from './send-prompt.js';
import { SessionError, sessionError } from './session-error.js';

export interface DeliveryOptions {
  client: Client;
  config: Config;
  /** The caller's directory and project. */
  standing: { cwd: string; project: string };
  noWorkerAfterMs: number;
  signsChecks: boolean;
}

export interface Prompted {
  request: PromptRequest & { prompt_id: PromptId };
  /** The topic and the session that the caller named. */
  named?: TopicId;
  session?: SessionId;
}

/** How the caller waits for the outcome. */
export type WaitedFor = Pick<Sending, 'until' | 'known' | 'onUnanswered'>;

export class Delivery {
  readonly #over = new AbortController();
  readonly #crowds = new Crowds();

  constructor(private readonly given: DeliveryOptions) {
    setMaxListeners(0, this.#over.signal); // Any number of calls may wait at once.
  }

  /** Ends every waiting call with OUTCOME_UNKNOWN. */
  end(): void {
    this.#over.abort(sessionError('OUTCOME_UNKNOWN', 'The manager was disconnected before the outcome was known.'));
  }

  awaited(
    prompt: { topic: TopicId; prompt_id: PromptId },
    awaiting: Omit<Awaiting, 'crowd' | 'noWorkerAfterMs'>,
  ): Promise<TurnResult> {
    const { client, noWorkerAfterMs } = this.given;
    return this.#crowds.in(prompt.topic, (crowd) =>
      awaitOutcome(client, prompt, { ...awaiting, crowd, noWorkerAfterMs }),
    );
  }

  /**
   * A call that waits when the manager is disconnected fails with `known.disconnected()`, whatever
   * it was waiting for.
   */
  async unlessOver<T>(known: Known, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const over = this.#over.signal;
      throw over.aborted && (error === over.reason || !(error instanceof SessionError)) ? known.disconnected() : error;
    }
  }

  until(signal?: AbortSignal): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#over.signal]) : this.#over.signal;
  }

  /** Makes every check that needs no server. */
  prompted(topic: string | undefined, prompt: string, said: PromptOptions): Prompted {
    const named = topic === undefined ? undefined : topicIdOf(topic);
    const session = said.session_id === undefined ? undefined : sessionIdOf(said.session_id);
    const closes = named === undefined &&
      session === undefined && { close_after: this.given.config.limits.closeUnnamedAfterMs };
    const request = { ...promptOf(prompt, said, this.given.config, this.given.standing), ...closes };
    return { request, ...defined({ named, session }) };
  }

  async placeOf({ request, session, named }: Prompted): Promise<TopicId> {
    const { client, config, standing } = this.given;
    if (!session) {
      const topic = named ?? topicOfPrompt(request.prompt_id);
      await mustHaveOriginal(client, topic, request);
      return topic;
    }
    const topic = request.adopt
      ? await topicWith(client, session)
      : await findTopic(client, session).catch(namingAdopt(config, standing.cwd, session));
    if (topic === undefined) return named ?? topicOfPrompt(request.prompt_id);
    if (named === undefined || named === topic) return topic;
    throw sessionError('SESSION_PINNED', `Session ${session} belongs to topic ${topic}, not to topic ${named}.`, {
      topic,
    });
  }

  async send(prompted: Prompted, topic: TopicId, waiting: WaitedFor): Promise<Sent> {
    const { config, standing } = this.given;
    const differs = await differenceToWorkerIn(prompted.request.cwd ?? standing.cwd, config);
    if (differs) throw new SessionError(differs);
    const request = await this.#signed(await this.#located(prompted.request), topic);
    return this.#crowds.in(topic, (crowd) => sendPrompt(this.given.client, { ...waiting, topic, crowd, request }));
  }

  /** A session to take over is on the host where its caller stands, if a worker has run there. */
  async #located(request: Prompted['request']): Promise<Prompted['request']> {
    const host = request.adopt ? await knownHostId(this.given.config.dataDir) : undefined;
    return host === undefined ? request : { ...request, host };
  }

  async #signed(request: Prompted['request'], topic: TopicId): Promise<Prompted['request']> {
    const { checks, notify, prompt_id } = request;
    if (!this.given.signsChecks) return request;
    // A caller that cannot use the data directory gets no proof. The worker's refusal then says
    // which commands have to be listed.
    const proofOf = (commands: Check[] | undefined) =>
      commands && checkProofOf(this.given.config.dataDir, { topic, prompt_id, checks: commands }).catch(unlessUnsafe);
    const checks_proof = await proofOf(checks);
    const notify_proof = await proofOf(notify === undefined ? undefined : [{ run: notify }]);
    return { ...request, ...defined({ checks_proof, notify_proof }) };
  }
}
