/**
 * Runs one turn of an agent. Whatever happens to this process, another attempt finds out how far
 * the turn came and continues it.
 *
 * - A timer sends heartbeats with progress all the time, because the body may wait for the agent
 *   for an hour.
 * - A limit ends the turn with a result. An infrastructure failure is thrown and retried, within a
 *   bound.
 * - Every attempt without progress counts towards that bound, whatever ended it. Only an attempt
 *   that a deploy or an operator ended does not count.
 */
import { Context } from '@temporalio/activity';
import { AgentError, type Agent, type AgentOutcome } from '../agents/agent.js';
import type { Config, Limits } from '../config.js';
import type { Ask } from '../contract/asks.js';
import { defined } from '../contract/defined.js';
import { Failed, failure, type Failure } from '../contract/failures.js';
import { MAX_REPLY_BYTES } from '../contract/limits.js';
import type { Worktree } from '../contract/workspace.js';
import { keepWorktree } from '../host/worktrees.js';
import { boundedParts } from '../contract/reply-parts.js';
import { configDirectoryOf } from '../contract/workspace.js';
import { isTrouble } from '../contract/troubles.js';
import { answerWithinOf } from './ask-policy.js';
import type { Attempts } from './attempts.js';
import type { ActivityContext } from './context.js';
import { refusalOf } from './corrupted.js';
import { agentOf, contextIn, contextLastIn } from './configured.js';
import { heldAfter } from './held-context.js';
import { groundBefore } from './ground.js';
import { NOTIFY_COMMAND, refusedCheck } from './may-check.js';
import { sessionRefOf } from './session-ref.js';
import { handOver, refusal, translated } from './translate.js';
import { TurnAttempt } from './turn-attempt.js';
import { TurnClock } from './turn-clock.js';
import type { RunTurnInput, RunTurnOutput, TurnHeartbeat, TurnWaits } from './types.js';

/**
 * About 12 minutes, with delays of up to 30 s after attempts that broke off. A crash is noticed
 * after 8 s.
 */
const MAX_BARREN_ATTEMPTS = 30;

export async function runTurn(input: RunTurnInput, worker: ActivityContext): Promise<RunTurnOutput> {
  const { info } = Context.current();
  const clock = new TurnClock(
    info.attempt,
    info.heartbeatDetails as Partial<TurnHeartbeat> | undefined,
    info.scheduledTimestampMs,
    input.worked_ms,
  );
  const { attempts } = clock;
  let agent: Agent | undefined;
  let { limits } = worker.config;
  const output = (outcome: AgentOutcome) => outputOf(outcome, info.attempt, agent);
  try {
    if (attempts.areInVain(MAX_BARREN_ATTEMPTS)) throw tooManyAttempts(input, attempts);
    const context = await contextOf(input, info.attempt, worker);
    ({ limits } = context.config);
    agent = agentOf(input, context);
    await permit(input, clock, context);
    const workspace = await keptWorkspace(input, context);
    const attempt = new TurnAttempt(input, agent, clock, context);
    const ended = await attempt.run();
    const answered = attempt.answered.length > 0 ? { answered: attempt.answered } : {};
    if (!('status' in ended)) return { ...asking(input, ended, clock, context), attempts: info.attempt, ...answered };
    // Without its id in the session, a turn that has ended can't go on.
    const waits = input.waits && agent.capabilities.promptIds ? waitsOf(ended, clock, limits) : undefined;
    const loss = attempt.cold.isReplaced ? ('cold' as const) : lossIn(ended, input, context.config);
    const held = await heldAfter(ended, input, context.config, { agent, session: sessionRefOf(input) });
    const more = { fell_back_from: attempt.fellBackFrom(ended), loss, waits, context: held };
    const told = { ...answered, ...defined({ workspace }), ...(await attempt.surroundings()) };
    return { ...output(ended), ...told, ...defined(more) };
  } catch (error) {
    if (error instanceof Failed && !(error instanceof AgentError && error.retryable)) {
      const ended = { status: 'failed', reply: '', error: error.failure as Failure } as const;
      const waits = input.waits && waitsOf(ended, clock, limits);
      return { ...output(ended), ...defined({ waits, ground_after: groundBefore(input, clock) }) };
    }
    throw brokenOff(error, input, clock, worker);
  }
}

/** A turn that may have started goes on, even if the config file is broken now. */
function contextOf(
  { pinned, goes_on, answered }: RunTurnInput,
  attempt: number,
  worker: ActivityContext,
): Promise<ActivityContext> {
  const mayHaveBegun = attempt > 1 || goes_on || answered;
  const cwd = configDirectoryOf(pinned);
  return mayHaveBegun ? contextLastIn(cwd, worker) : contextIn(cwd, worker);
}

/**
 * Checks and the command of `notify` are permitted before the prompt is put in. Later, `runChecks` and
 * `notify` ask again before they run them.
 */
async function permit(
  { asked_checks: checks, asked_notify: notify }: RunTurnInput,
  clock: TurnClock,
  { config, host, isCheckProof }: ActivityContext,
): Promise<void> {
  if ((!checks && !notify) || clock.checksGranted) return;
  const refused =
    (checks && (await refusedCheck(checks, config, host, isCheckProof))) ??
    (notify && (await refusedCheck(notify, config, host, isCheckProof, NOTIFY_COMMAND)));
  if (refused) throw refusal(refused.code, refused.message);
  clock.checksGranted = true;
}

/** The work tree of the session, which is made again if it is gone. */
async function keptWorkspace(
  { topic, pinned: { workspace, cwd } }: RunTurnInput,
  { config: { dataDir } }: ActivityContext,
): Promise<Worktree | undefined> {
  const signal = Context.current().cancellationSignal;
  return workspace && keepWorktree(workspace, cwd, { topic, dataDir, signal });
}

/**
 * The error that the activity throws. Its last heartbeat carries the facts for the next attempt,
 * even if this attempt was too short for a first one.
 */
function brokenOff(
  error: unknown,
  { topic, turn, prompt_id }: RunTurnInput,
  clock: TurnClock,
  { log }: ActivityContext,
): unknown {
  const { cancellationDetails, heartbeat } = Context.current();
  const letGo = handOver(cancellationDetails, error);
  if (letGo) clock.attempts.excuse();
  else clock.attempts.brokeOff(error);
  heartbeat(clock.heartbeat());
  log('turn broke off', { topic, turn, prompt_id, error: error instanceof Error ? error.message : String(error) });
  return letGo ?? translated(error, clock.attempts.barren);
}

/** What the turn could wait for instead of ending so. */
function waitsOf(
  { status, error, until, overtaken }: AgentOutcome,
  clock: TurnClock,
  limits: Limits,
): TurnWaits | undefined {
  if (status !== 'failed' || overtaken) return undefined;
  const worked_ms = clock.workedMs();
  if (error?.code === 'AGENT_RATE_LIMITED')
    return { for: 'quota', most_ms: limits.quotaWaitMs, worked_ms, ...defined({ until }) };
  return isTrouble(error) ? { for: 'agent', most_ms: Number.MAX_SAFE_INTEGER, worked_ms } : undefined;
}

function lossIn({ error }: AgentOutcome, { pinned: { category } }: RunTurnInput, config: Config): 'full' | undefined {
  const ofCategory = category === undefined ? undefined : config.categories[category]?.onFull;
  return error?.code === 'CONTEXT_OVERFLOW' && (ofCategory ?? config.onFull) === 'replace' ? 'full' : undefined;
}

const ENDS_AS = {
  permission: 'TURN_STALLED',
  question: 'TURN_STALLED',
  budget: 'BUDGET_EXCEEDED',
  cold: 'COLD_SESSION',
} as const;

/** The failure is for a topic that cannot read what the turn waits for. */
function asking(
  { turn, topic, pinned }: RunTurnInput,
  ask: Ask,
  clock: TurnClock,
  { config }: ActivityContext,
): Omit<RunTurnOutput, 'attempts'> {
  const within_ms = answerWithinOf(config.agents[pinned.agent]?.asks);
  const message = `Turn ${turn} of topic ${topic} waits for an answer to a ${ask.kind}.`;
  return {
    status: 'failed',
    reply: '',
    ...defined({ usage: clock.usage }),
    error: failure(ENDS_AS[ask.kind], message),
    waits: { for: 'answer', ask, within_ms, worked_ms: clock.workedMs(), ...defined({ model: clock.model }) },
  };
}

function tooManyAttempts({ prompt_id, session_id }: RunTurnInput, attempts: Attempts): AgentError {
  const message = `${attempts.before} attempts could not find out what became of prompt ${prompt_id} in session ${session_id}. ${attempts.lastReason()}`;
  return new AgentError(failure('OUTCOME_UNKNOWN', message), false);
}

function outputOf(outcome: AgentOutcome, attempts: number, agent: Agent | undefined): RunTurnOutput {
  const { until: _until, overtaken: _overtaken, refused: _refused, context: _context, ...said } = outcome;
  const { reply_parts = [], ...ended } = said;
  const bytes = Buffer.from(outcome.reply);
  const facts = {
    ...ended,
    ...boundedParts(reply_parts, outcome.reply),
    attempts,
    ...defined({ refused: refusalOf(outcome) }),
    ...(agent?.capabilities.promptIds === false && { guarantee: 'at_most_once_unknown' as const }),
  };
  if (bytes.length <= MAX_REPLY_BYTES) return facts;
  // A cut at a byte can halve a character. The decoder replaces the half with U+FFFD, which is
  // removed.
  const reply = bytes
    .subarray(0, MAX_REPLY_BYTES)
    .toString('utf8')
    .replace(/\uFFFD$/, '');
  return { ...facts, reply, reply_truncated: true };
}
