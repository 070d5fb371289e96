/**
 * One attempt at a turn. It waits until its host admits it, and follows the agent to the end.
 *
 * - A user's cancel, a limit, or the end of the topic from outside stops the agent's turn.
 * - The worker's shutdown, a lost attempt, or an operator's pause or reset only detaches from it.
 */
import { Context } from '@temporalio/activity';
import { AgentError, type Agent, type AgentOutcome, type SessionRef, type TurnRequest } from '../agents/agent.js';
import type { Answered, Ask } from '../contract/asks.js';
import { failure, type Failure } from '../contract/failures.js';
import type { Usage } from '../contract/types.js';
import { defined } from '../contract/defined.js';
import { keepWithin } from '../contract/keep-within.js';
import type { Moved } from '../contract/workspace.js';
import { MAX_ANSWERED_BYTES_OF_TURN, MAX_ASKS_OF_TURN } from '../contract/limits.js';
import { DENIED, policyOf } from './ask-policy.js';
import { Budget } from './budget.js';
import { Admission, type Admits } from './admission.js';
import { ColdResume } from './cold-resume.js';
import type { ActivityContext } from './context.js';
import { orCorrupted } from './corrupted.js';
import { costOf } from './held-context.js';
import { FallBack, fallbackModelsOf } from './fall-back.js';
import { priced } from './prices.js';
import { groundBefore, groundOf, movedBefore, toldOf } from './ground.js';
import { isAnswer } from './provider-gate.js';
import { sessionRefOf } from './session-ref.js';
import { stoppedBy } from './stopped-by-limit.js';
import { topicIsOver } from './topic-is-over.js';
import type { TurnClock } from './turn-clock.js';
import type { RunTurnInput, RunTurnOutput } from './types.js';

const HEARTBEAT_EVERY_MS = 1000;

export class TurnAttempt {
  readonly #context = Context.current();
  readonly #detach = new AbortController();
  readonly #stop = new AbortController();
  readonly #session: SessionRef;
  readonly #fallBack: FallBack;
  readonly #budget: Budget;
  readonly #admission: Admission;
  #moved: Moved | undefined;
  readonly cold: ColdResume;
  /** The agent refused the turn before it had the prompt. */
  #nothingPutIn = false;
  #hasCompacted = false;
  /** The failure of a turn that a limit stopped. Absent: the turn was cancelled. */
  #limit: Failure | undefined;
  /** Stops the agent's turn. Set when the work starts; `#work` itself handles an earlier stop. */
  #stopping: (() => Promise<void>) | undefined;

  constructor(
    private readonly input: RunTurnInput,
    private readonly agent: Agent,
    private readonly clock: TurnClock,
    private readonly host: Admits & Pick<ActivityContext, 'absentModels' | 'log'>,
  ) {
    const { pinned, keeps_model, waits = false } = input;
    this.#session = sessionRefOf(input);
    const fallbacks = keeps_model ? [] : fallbackModelsOf(pinned, host.config);
    const chain = { kind: pinned.kind ?? pinned.agent, own: pinned.model, fallbacks, waits };
    this.#budget = new Budget(input, host.config.limits, waits, (usage) => this.#priced(usage));
    const costs = (tokens: number) => costOf(tokens, pinned.model, host.config, { agent, session: this.#session });
    const { scheduledTimestampMs: at } = this.#context.info;
    this.cold = new ColdResume(input, host.config.onCold, at, costs, agent.capabilities.compactsWhenAsked);
    this.#fallBack = new FallBack(chain, host.absentModels, clock.model ?? input.instead);
    clock.model = this.#fallBack.instead;
    const signals = { detach: this.#detach.signal, stop: this.#stop.signal };
    this.#admission = new Admission(input, clock, host, signals);
  }

  fellBackFrom(outcome: AgentOutcome): string | undefined {
    return this.#fallBack.fellBackFrom(this.#context.info.attempt > 1 ? outcome : {});
  }

  /** What config has answered in this attempt. The newest, as many as the topic remembers. */
  readonly answered: Answered[] = [];

  /** @returns the outcome, or what the agent waits for a person to answer */
  async run(): Promise<AgentOutcome | Ask> {
    this.#context.cancelled.catch((error: unknown) => this.#cancelled(error).catch(() => this.#detach.abort(error)));
    const beat = setInterval(() => this.#beat(), HEARTBEAT_EVERY_MS);
    let ended: AgentOutcome | Ask | undefined;
    try {
      const refused = await this.#admission.enter();
      if (refused) return (ended = refused);
      this.#moved = await movedBefore(this.input, this.host.config.dataDir);
      ended = await this.#orCorrupted(await this.#work());
      this.#admission.ended(ended);
      return ended;
    } finally {
      await this.#admission.leave(ended);
      clearInterval(beat);
    }
  }

  /** How the place in which the turn worked has changed. Call it once the turn has ended. */
  async surroundings(): Promise<Pick<RunTurnOutput, 'ground' | 'ground_after' | 'shares_directory_with'>> {
    // The session has not been told how the ground has moved. Its next prompt tells it.
    if (this.cold.keptOut) return defined({ ground_after: this.input.ground_before });
    const after = (await groundOf(this.input.pinned.cwd)) ?? groundBefore(this.input, this.clock);
    return defined({ ground: this.#moved, ground_after: after, shares_directory_with: this.clock.sharedWith() });
  }

  async #work(): Promise<AgentOutcome | Ask> {
    const { clock, input } = this;
    clock.begin();
    // A repeated attempt reports its count at once. A first attempt does not, because its
    // completion would wait for that heartbeat.
    if (this.#context.info.attempt > 1 || clock.checksGranted) this.#context.heartbeat(clock.heartbeat());
    let stopping: Promise<void> | undefined;
    this.#stopping = () => (stopping ??= this.agent.cancel(this.#session, this.#detach.signal, input.prompt_id));
    // `agent.cancel` notes the stop before `agent.turn` starts. The turn finds the note and puts
    // nothing in. It still has to look, because an attempt before this one may have put the prompt
    // in a moment ago.
    if (this.#stop.signal.aborted) await this.#stopping();
    try {
      for (;;) {
        const ended = await this.#tried();
        await stopping;
        if ('status' in ended) {
          if (this.#goesOn(ended)) continue;
          return this.#ended(this.#fallBack.reported(ended));
        }
        // A turn that is being stopped asks nobody. Another look finds how it ended.
        if (!this.#stop.signal.aborted) return ended;
      }
    } finally {
      // A stop that is still under way would reach the next turn. It settles soon, because a detach
      // ends it.
      await stopping?.catch(() => undefined);
    }
  }

  /** An agent that refuses the model before it takes the prompt throws. */
  async #tried(): Promise<AgentOutcome | Ask> {
    this.#nothingPutIn = false;
    try {
      return await this.#follow();
    } catch (error) {
      if (!(error instanceof AgentError) || error.code !== 'MODEL_UNKNOWN') throw error;
      this.#nothingPutIn = true;
      return { status: 'failed', reply: '', error: error.failure };
    }
  }

  async #follow(): Promise<AgentOutcome | Ask> {
    const { agent, clock, input } = this;
    for await (const event of agent.turn(this.#request(), this.#detach.signal)) {
      if (event.type === 'outcome') return event.outcome;
      if (event.type === 'asked') return event.ask;
      if (event.type === 'answered') this.#noteAnswered(event.answered);
      else if (event.type === 'running') clock.silence.running(event.tools);
      else {
        clock.progress(this.#withCost(event.progress), this.#budget.notice);
        if (isAnswer(event.progress)) this.#admission.answered();
      }
      // Sent at once for people who watch. The SDK throttles heartbeats itself.
      this.#context.heartbeat(clock.heartbeat());
    }
    throw new AgentError(
      failure('INTERNAL', `Agent ${agent.name} ended turn ${input.turn} of topic ${input.topic} without an outcome.`),
      false,
    );
  }

  #withCost<T extends { usage?: Usage; model?: string }>(told: T): T {
    return told.usage ? { ...told, usage: this.#priced(told.usage, told.model) } : told;
  }

  #priced(usage: Usage, model = this.#fallBack.model ?? this.#session.model): Usage {
    return priced(usage, model, this.host.config.prices);
  }

  async #orCorrupted(ended: AgentOutcome | Ask): Promise<AgentOutcome | Ask> {
    if (!('status' in ended)) return ended;
    const { prompt_id, refused_before: before } = this.input;
    const session = this.#fallBack.inSession(this.#session);
    const refused = { session, prompt: prompt_id, outcome: ended, before };
    return orCorrupted(this.agent, refused, AbortSignal.any([this.#detach.signal, this.#stop.signal]));
  }

  /** Whether this attempt goes on with the same turn. One that was stopped or overtaken cannot. */
  #goesOn(ended: AgentOutcome): boolean {
    if (ended.overtaken || this.#stop.signal.aborted) return false;
    return this.#fallsBack(ended) || this.#compacts(ended);
  }

  /** Whether another model goes on. */
  #fallsBack(ended: AgentOutcome): boolean {
    const { agent, clock, input } = this;
    const before = this.#fallBack.model;
    // Without its id in the session, a turn that has ended can't go on.
    const canGoOn = agent.capabilities.promptIds || this.#nothingPutIn;
    if (!canGoOn || !this.#fallBack.after(ended)) return false;
    const { model, instead } = this.#fallBack;
    clock.model = instead;
    clock.progress({ step: `goes on with model ${model ?? 'default'}, because ${before ?? 'default'} cannot answer` });
    this.#context.heartbeat(clock.heartbeat());
    const { topic, turn } = input;
    this.host.log('another model goes on', { topic, turn, from: before, to: model, code: ended.error?.code });
    return true;
  }

  /** Whether the agent goes on once more, so that it compacts its conversation. */
  #compacts({ error }: AgentOutcome): boolean {
    const { agent, clock } = this;
    if (error?.code !== 'CONTEXT_OVERFLOW' || !agent.capabilities.compactsNext || this.#hasCompacted) return false;
    this.#hasCompacted = true;
    clock.progress({ step: 'goes on, so that the agent compacts the conversation' });
    return true;
  }

  #noteAnswered(answered: Answered): void {
    this.answered.push(answered);
    keepWithin(this.answered, MAX_ASKS_OF_TURN, MAX_ANSWERED_BYTES_OF_TURN);
  }

  #request(): TurnRequest {
    const { prompt_id, prompt, brief_length, answered, waits, may_be_archived } = toldOf(this.input, this.#moved);
    const goesOn = this.#fallBack.goesOn || this.#hasCompacted || Budget.goesOn(this.input);
    const goes_on = goesOn || this.input.goes_on || undefined;
    const followsWait = goesOn || (this.#context.info.attempt === 1 && (goes_on ?? (answered?.length ?? 0) > 0));
    const { asks, leftBehind } = this.host.config.agents[this.input.pinned.agent] ?? {};
    // A topic of an older release cannot wait for a person.
    const policy = waits ? policyOf(asks) : (ask: Ask) => policyOf(asks)(ask) ?? DENIED;
    return {
      session: this.#fallBack.inSession(this.#session),
      ...{ prompt_id, prompt, policy },
      ...defined({ brief_length, answered, goes_on, may_be_archived }),
      ...(this.cold.isQuestion && { before_put: () => this.cold.decision() }),
      ...defined({ may_be_parked: waits || this.#fallBack.hasAnother || undefined }),
      // Without its id in the session, a turn that was cut off can't go on.
      ...(this.agent.capabilities.promptIds && { budget: (used, steps) => this.#budget.over(used, steps) }),
      ...(followsWait && { follows_a_wait: true as const }),
      ...(leftBehind === 'end' && { ends_left_behind: true as const }),
    };
  }

  #ended(outcome: AgentOutcome): AgentOutcome {
    // The turn may have ended just before the stop.
    const ended = this.#withCost(outcome);
    return this.#limit && ended.status !== 'completed' ? { ...ended, status: 'failed', error: this.#limit } : ended;
  }

  #beat(): void {
    const { clock } = this;
    this.#context.heartbeat(clock.heartbeat());
    const limit = clock.exceeded(this.host.config.limits);
    if (limit) this.#stopFor(stoppedBy(limit, clock, this.host.config.limits, this.input));
  }

  async #cancelled(error: unknown): Promise<void> {
    const { cancellationDetails: details, info } = this.#context;
    if (details?.cancelRequested) return this.#stopFor();
    const workflowId = info.workflowExecution?.workflowId;
    if (
      details?.notFound &&
      workflowId !== undefined &&
      (await topicIsOver(this.#context.client, workflowId, this.#detach.signal))
    ) {
      this.host.log('topic has ended from outside: its turn is stopped', {
        topic: this.input.topic,
        turn: this.input.turn,
      });
      return this.#stopFor();
    }
    this.#detach.abort(error);
  }

  #stopFor(limit?: Failure): void {
    if (this.#stop.signal.aborted) return;
    this.#limit = limit;
    this.#stop.abort();
    // Nothing else would end an attempt whose turn cannot be stopped, so the attempt fails.
    this.#stopping?.().catch((error: unknown) => this.#detach.abort(error));
  }
}
