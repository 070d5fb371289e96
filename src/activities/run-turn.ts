/**
 * Runs one turn against the agent, and survives whatever happens to this process: another attempt reconciles and goes on.
 *
 * - A timer heartbeats for the whole body, with progress; the body may be waiting for the agent for an hour.
 * - A user's cancel stops the agent's turn. The worker's shutdown, and a lost attempt, only detach.
 * - The limits of a turn end it as a result. Trouble with the plumbing is thrown and tried again, within a bound.
 */
import { Context } from '@temporalio/activity';
import { AgentError, type Agent, type AgentOutcome, type SessionRef } from '../agents/agent.js';
import { failure, type Failure } from '../contract/failures.js';
import { MAX_REPLY_BYTES } from '../contract/limits.js';
import type { ActivityContext } from './index.js';
import { refusedCheck } from './may-check.js';
import { letGo, refusal, translated } from './translate.js';
import { TurnClock } from './turn-clock.js';
import type { RunTurnInput, RunTurnOutput, TurnHeartbeat } from './types.js';

const HEARTBEAT_EVERY_MS = 1000;
/** Attempts that the plumbing has broken off without any progress, with back-off up to 30 s between them: some minutes. One that a crash has ended does not count. */
const MAX_BARREN_ATTEMPTS = 12;

export async function runTurn(input: RunTurnInput, context: ActivityContext): Promise<RunTurnOutput> {
  const { info } = Context.current();
  const before = (info.heartbeatDetails ?? {}) as Partial<TurnHeartbeat>;
  const clock = new TurnClock(before.worked_ms ?? 0, before.barren_attempts ?? 0);
  try {
    if (clock.barrenAttempts > MAX_BARREN_ATTEMPTS) throw tooManyAttempts(input, clock.barrenAttempts, before.trouble);
    const agent = context.agents.get(input.pinned.agent);
    if (!agent) throw refusal('AGENT_UNKNOWN', `Agent ${input.pinned.agent} of session ${input.session_id} is not in the config of host ${context.host}.`);
    // Once it is in the session, the checks say for themselves whether they may run.
    const refused = input.asked_checks && info.attempt === 1 && (await refusedCheck(input.asked_checks, context.config, context.host, context.isCheckProof));
    if (refused) throw refusal(refused.code, refused.message);
    const outcome = await attempt(input, agent, clock, context);
    return output(outcome, info.attempt);
  } catch (error) {
    if (error instanceof AgentError && !error.retryable) {
      return output({ status: 'failed', reply: '', error: error.failure }, info.attempt);
    }
    throw Context.current().cancellationDetails?.workerShutdown ? letGo(error) : translated(error, clock.barrenAttempts);
  }
}

async function attempt(input: RunTurnInput, agent: Agent, clock: TurnClock, { config, fence, log }: ActivityContext): Promise<AgentOutcome> {
  const context = Context.current();
  const detach = new AbortController();
  const session = sessionRefOf(input);
  /** Why the agent's turn is being stopped, once it is: at the user's wish, or by a limit, with what it would end as. */
  let stopped: 'user' | Failure | undefined;
  let stopping: Promise<void> | undefined;

  const stop = (why: NonNullable<typeof stopped>) => {
    if (stopped) return;
    stopped = why;
    stopping = agent.cancel(session, detach.signal);
    // If it can't be stopped this attempt has failed: nobody else would end the loop below.
    stopping.catch((error: unknown) => detach.abort(error));
  };
  context.cancelled.catch((error: unknown) => {
    if (context.cancellationDetails?.cancelRequested) stop('user');
    else detach.abort(error);
  });
  const beat = setInterval(() => {
    context.heartbeat(clock.heartbeat());
    const limit = clock.exceeded(config.limits);
    if (limit) stop(stopFailure(limit, clock, input));
  }, HEARTBEAT_EVERY_MS);

  try {
    // A repeated attempt counts itself at once; a first one need not: a completion waits for the heartbeat that is under way.
    if (context.info.attempt > 1) context.heartbeat(clock.heartbeat());
    return await fence.alone(input.session_id, detach, async () => {
      for await (const event of agent.turn({ session, prompt_id: input.prompt_id, prompt: input.prompt }, detach.signal)) {
        if (event.type === 'progress') {
          clock.progress(event.progress);
          context.heartbeat(clock.heartbeat()); // Whoever watches sees it now; the SDK sends no more than its throttle allows.
        } else {
          await stopping;
          // It may have ended just before it could be stopped.
          const limited = stopped && stopped !== 'user' && event.outcome.status !== 'completed';
          return limited ? { ...event.outcome, status: 'failed', error: stopped as Failure } : event.outcome;
        }
      }
      throw new AgentError(failure('INTERNAL', `Agent ${agent.name} ended turn ${input.turn} of topic ${input.topic} without an outcome.`), false);
    });
  } catch (error) {
    if (error instanceof AgentError) {
      clock.trouble = error.failure.message;
      clock.barrenAttempts += 1;
    }
    // What the next attempt has to know is sent even if this one was short.
    context.heartbeat(clock.heartbeat());
    log('turn broke off', { topic: input.topic, turn: input.turn, prompt_id: input.prompt_id, error: error instanceof Error ? error.message : String(error) });
    throw error;
  } finally {
    clearInterval(beat);
  }
}

/** A provider that last refused for now is the reason, whichever limit the waiting for it ran into. */
function stopFailure(limit: 'TURN_TIMED_OUT' | 'TURN_STALLED', clock: TurnClock, { turn, topic }: RunTurnInput): Failure {
  const what = limit === 'TURN_TIMED_OUT' ? `worked for ${clock.workedSeconds()} s` : `showed no progress for ${clock.quietSeconds()} s`;
  const message = `Turn ${turn} of topic ${topic} ${what} and was stopped.`;
  return clock.refused ? { ...clock.refused, message: `${clock.refused.message} ${message}` } : failure(limit, message);
}

function tooManyAttempts(input: RunTurnInput, attempts: number, trouble = ''): AgentError {
  const message = `${attempts} attempts could not find out what became of prompt ${input.prompt_id} in session ${input.session_id}. ${trouble}`;
  return new AgentError(failure('OUTCOME_UNKNOWN', message.trim()), false);
}

export function sessionRefOf({ session_id, pinned }: Pick<RunTurnInput, 'session_id' | 'pinned'>): SessionRef {
  const { cwd, store, model, variant, mode, instructions } = pinned;
  return {
    session_id,
    cwd,
    store,
    ...(model !== undefined && { model }),
    ...(variant !== undefined && { variant }),
    ...(mode !== undefined && { mode }),
    ...(instructions !== undefined && { instructions }),
  };
}

function output(outcome: AgentOutcome, attempts: number): RunTurnOutput {
  const bytes = Buffer.from(outcome.reply);
  if (bytes.length <= MAX_REPLY_BYTES) return { ...outcome, attempts };
  // Cutting at a byte can halve a character: the decoder marks it, and the mark goes.
  const reply = bytes.subarray(0, MAX_REPLY_BYTES).toString('utf8').replace(/\uFFFD$/, '');
  return { ...outcome, attempts, reply, reply_truncated: true };
}
