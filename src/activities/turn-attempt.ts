/**
 * One attempt at a turn: it waits for a slot, then for the attempt before it to settle, and follows the agent to the end.
 *
 * - A user's cancel, a limit, and the end of the topic from outside stop the agent's turn.
 * - The worker's shutdown, a lost attempt, and an operator who pauses or resets the activity only detach.
 */
import { Context } from '@temporalio/activity';
import { AgentError, type Agent, type AgentOutcome, type SessionRef } from '../agents/agent.js';
import { failure, type Failure } from '../contract/failures.js';
import type { ActivityContext } from './index.js';
import { sessionRefOf } from './session-ref.js';
import { topicIsOver } from './topic-is-over.js';
import type { TurnClock } from './turn-clock.js';
import type { RunTurnInput } from './types.js';

const HEARTBEAT_EVERY_MS = 1000;

export class TurnAttempt {
  readonly #context = Context.current();
  readonly #detach = new AbortController();
  readonly #stop = new AbortController();
  readonly #session: SessionRef;
  /** What a turn ends as that a limit stops. Absent: it was cancelled. */
  #limit: Failure | undefined;
  /** Set once the agent was asked for the turn: what stops it before is known before. */
  #stopping: (() => Promise<void>) | undefined;

  constructor(
    private readonly input: RunTurnInput,
    private readonly agent: Agent,
    private readonly clock: TurnClock,
    private readonly host: Pick<ActivityContext, 'config' | 'fence' | 'turnSlots' | 'log'>,
  ) {
    this.#session = sessionRefOf(input);
  }

  async run(): Promise<AgentOutcome> {
    const { fence } = this.host;
    this.#context.cancelled.catch((error: unknown) => this.#cancelled(error).catch(() => this.#detach.abort(error)));
    const beat = setInterval(() => this.#beat(), HEARTBEAT_EVERY_MS);
    try {
      const release = await this.#slot();
      try {
        return await fence.alone(this.input.session_id, this.#detach, () => this.#work());
      } finally {
        release();
      }
    } finally {
      clearInterval(beat);
    }
  }

  /** A turn that is to be stopped needs no slot. */
  async #slot(): Promise<() => void> {
    const { turnSlots } = this.host;
    if (!turnSlots) return () => undefined;
    this.clock.waits(`waits for one of ${turnSlots.count} turn slots of this host`);
    try {
      return await turnSlots.acquire(AbortSignal.any([this.#detach.signal, this.#stop.signal]));
    } catch (error) {
      if (this.#stop.signal.aborted) return () => undefined;
      throw error;
    }
  }

  async #work(): Promise<AgentOutcome> {
    const { agent, clock, input } = this;
    clock.begin();
    // A repeated attempt counts itself at once; a first one need not: a completion waits for the heartbeat that is under way.
    if (this.#context.info.attempt > 1 || clock.checksGranted) this.#context.heartbeat(clock.heartbeat());
    let stopping: Promise<void> | undefined;
    this.#stopping = () => (stopping ??= agent.cancel(this.#session, this.#detach.signal));
    if (this.#stop.signal.aborted) {
      // An attempt before this one may have put the prompt in; this one does not.
      await this.#stopping();
      return this.#cancelledOutcome();
    }
    try {
      const { prompt_id, prompt } = input;
      for await (const event of agent.turn({ session: this.#session, prompt_id, prompt }, this.#detach.signal)) {
        if (event.type === 'outcome') {
          await stopping;
          return this.#ended(event.outcome);
        }
        clock.progress(event.progress);
        this.#context.heartbeat(clock.heartbeat()); // Whoever watches sees it now; the SDK sends no more than its throttle allows.
      }
      throw new AgentError(failure('INTERNAL', `Agent ${agent.name} ended turn ${input.turn} of topic ${input.topic} without an outcome.`), false);
    } finally {
      // A stop that is still under way would reach the turn after this one. It settles soon: a detach ends it.
      await stopping?.catch(() => undefined);
    }
  }

  #ended(outcome: AgentOutcome): AgentOutcome {
    // It may have ended just before it could be stopped.
    if (!this.#limit || outcome.status === 'completed') return outcome;
    return { ...outcome, status: 'failed', error: this.#limit };
  }

  #cancelledOutcome(): AgentOutcome {
    const { turn, session_id } = this.input;
    return { status: 'cancelled', reply: '', error: failure('CANCELLED', `Turn ${turn} in session ${session_id} was cancelled.`) };
  }

  #beat(): void {
    const { clock } = this;
    this.#context.heartbeat(clock.heartbeat());
    const limit = clock.exceeded(this.host.config.limits);
    if (limit) this.#stopFor(stopFailure(limit, clock, this.input));
  }

  async #cancelled(error: unknown): Promise<void> {
    const { cancellationDetails: details, info } = this.#context;
    if (details?.cancelRequested) return this.#stopFor();
    const workflowId = info.workflowExecution?.workflowId;
    if (details?.notFound && workflowId !== undefined && (await topicIsOver(this.#context.client, workflowId, this.#detach.signal))) {
      this.host.log('topic has ended from outside: its turn is stopped', { topic: this.input.topic, turn: this.input.turn });
      return this.#stopFor();
    }
    this.#detach.abort(error);
  }

  #stopFor(limit?: Failure): void {
    if (this.#stop.signal.aborted) return;
    this.#limit = limit;
    this.#stop.abort();
    // If it can't be stopped this attempt has failed: nothing else would end it.
    this.#stopping?.().catch((error: unknown) => this.#detach.abort(error));
  }
}

/** A provider that last refused for now is the reason, whichever limit the waiting for it ran into. */
function stopFailure(limit: 'TURN_TIMED_OUT' | 'TURN_STALLED', clock: TurnClock, { turn, topic }: RunTurnInput): Failure {
  const what = limit === 'TURN_TIMED_OUT' ? `worked for ${clock.workedSeconds()} s` : `showed no progress for ${clock.quietSeconds()} s`;
  const message = `Turn ${turn} of topic ${topic} ${what} and was stopped.`;
  return clock.refused ? { ...clock.refused, message: `${clock.refused.message} ${message}` } : failure(limit, message);
}
