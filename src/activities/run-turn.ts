/**
 * Runs one turn against the agent, and survives whatever happens to this process: another attempt reconciles and goes on.
 *
 * - A timer heartbeats for the whole body, with progress; the body may be waiting for the agent for an hour.
 * - The limits of a turn end it as a result. Trouble with the plumbing is thrown and tried again, within a bound.
 * - Every attempt without progress counts towards that bound, whatever ended it. Only a deploy and an operator do not.
 */
import { Context } from '@temporalio/activity';
import { AgentError, type AgentOutcome } from '../agents/agent.js';
import { failure } from '../contract/failures.js';
import { MAX_REPLY_BYTES } from '../contract/limits.js';
import type { Attempts } from './attempts.js';
import type { ActivityContext } from './index.js';
import { refusedCheck } from './may-check.js';
import { handOver, refusal, translated } from './translate.js';
import { TurnAttempt } from './turn-attempt.js';
import { TurnClock } from './turn-clock.js';
import type { RunTurnInput, RunTurnOutput, TurnHeartbeat } from './types.js';

/** With back-off up to 30 s between those that broke off, about 12 minutes; a crash is noticed after 8 s. */
const MAX_BARREN_ATTEMPTS = 30;

export async function runTurn(input: RunTurnInput, context: ActivityContext): Promise<RunTurnOutput> {
  const { info } = Context.current();
  const clock = new TurnClock(info.attempt, info.heartbeatDetails as Partial<TurnHeartbeat> | undefined, info.scheduledTimestampMs);
  const { attempts } = clock;
  try {
    if (attempts.areInVain(MAX_BARREN_ATTEMPTS)) throw tooManyAttempts(input, attempts);
    const agent = context.agents.get(input.pinned.agent);
    if (!agent) throw refusal('AGENT_UNKNOWN', `Agent ${input.pinned.agent} of session ${input.session_id} is not in the config of host ${context.host}.`);
    await permit(input, clock, context);
    return output(await new TurnAttempt(input, agent, clock, context).run(), info.attempt);
  } catch (error) {
    if (error instanceof AgentError && !error.retryable) {
      return output({ status: 'failed', reply: '', error: error.failure }, info.attempt);
    }
    throw brokenOff(error, input, clock, context);
  }
}

/** Once the prompt is in the session, the checks say for themselves whether they may run. */
async function permit({ asked_checks: asked }: RunTurnInput, clock: TurnClock, { config, host, isCheckProof }: ActivityContext): Promise<void> {
  if (!asked || clock.checksGranted) return;
  const refused = await refusedCheck(asked, config, host, isCheckProof);
  if (refused) throw refusal(refused.code, refused.message);
  clock.checksGranted = true;
}

/** What the activity has to throw. The next attempt is told what it has to know, even if this one was short. */
function brokenOff(error: unknown, { topic, turn, prompt_id }: RunTurnInput, clock: TurnClock, { log }: ActivityContext): unknown {
  const { cancellationDetails, heartbeat } = Context.current();
  const letGo = handOver(cancellationDetails, error);
  if (letGo) clock.attempts.excuse();
  else clock.attempts.brokeOff(error);
  heartbeat(clock.heartbeat());
  log('turn broke off', { topic, turn, prompt_id, error: error instanceof Error ? error.message : String(error) });
  return letGo ?? translated(error, clock.attempts.barren);
}

function tooManyAttempts({ prompt_id, session_id }: RunTurnInput, attempts: Attempts): AgentError {
  const message = `${attempts.before} attempts could not find out what became of prompt ${prompt_id} in session ${session_id}. ${attempts.lastReason()}`;
  return new AgentError(failure('OUTCOME_UNKNOWN', message), false);
}

function output(outcome: AgentOutcome, attempts: number): RunTurnOutput {
  const bytes = Buffer.from(outcome.reply);
  if (bytes.length <= MAX_REPLY_BYTES) return { ...outcome, attempts };
  // Cutting at a byte can halve a character: the decoder marks it, and the mark goes.
  const reply = bytes.subarray(0, MAX_REPLY_BYTES).toString('utf8').replace(/\uFFFD$/, '');
  return { ...outcome, attempts, reply, reply_truncated: true };
}
