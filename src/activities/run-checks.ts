/** Runs the checks of a turn on the session's host, up to the first that fails. A crash in the middle runs them again. */
import { stat } from 'node:fs/promises';
import { Context } from '@temporalio/activity';
import { AgentError } from '../agents/agent.js';
import { failure } from '../contract/failures.js';
import type { CheckRun } from '../contract/types.js';
import { Attempts } from './attempts.js';
import { checkMarkerOf, runCheck } from './check-command.js';
import type { ActivityContext } from './index.js';
import { refusedCheck } from './may-check.js';
import { handOver, refusal, translated } from './translate.js';
import type { AttemptFacts, RunChecksInput, RunChecksOutput, TurnHeartbeat } from './types.js';

const HEARTBEAT_EVERY_MS = 500;
/** A command that takes its worker along would do so for ever. */
const MAX_BARREN_ATTEMPTS = 10;

export async function runChecks(input: RunChecksInput, { config, host, isCheckProof, fence }: ActivityContext): Promise<RunChecksOutput> {
  const context = Context.current();
  const attempts = new Attempts(context.info.attempt, context.info.heartbeatDetails as Partial<AttemptFacts> | undefined, context.info.scheduledTimestampMs);
  const doing: Pick<TurnHeartbeat, 'step' | 'text_tail'> = {};
  const tell = () => context.heartbeat({ ...doing, ...attempts.facts() });
  const beat = setInterval(tell, HEARTBEAT_EVERY_MS);
  const { asked, cwd } = input;
  const detach = new AbortController();
  context.cancelled.catch((error: unknown) => detach.abort(error));
  try {
    if (attempts.areInVain(MAX_BARREN_ATTEMPTS)) throw tooManyAttempts(input, attempts);
    const refused = await refusedCheck(asked, config, host, isCheckProof);
    if (refused) throw refusal(refused.code, refused.message);
    if (!(await stat(cwd).catch(() => undefined))?.isDirectory()) throw refusal('CWD_MISSING', `Working directory ${cwd} does not exist.`);
    // An attempt that was lost, or that an operator has reset, ends its command before this one begins.
    return await fence.alone(`the checks of topic ${asked.topic}`, detach, () => allOf(input, detach.signal, doing));
  } catch (error) {
    const letGo = handOver(context.cancellationDetails, error);
    if (letGo) attempts.excuse();
    else attempts.brokeOff(error);
    tell();
    throw letGo ?? translated(error, attempts.barren);
  } finally {
    clearInterval(beat);
  }
}

async function allOf({ asked, cwd }: RunChecksInput, signal: AbortSignal, doing: Pick<TurnHeartbeat, 'step' | 'text_tail'>): Promise<RunChecksOutput> {
  const ran: CheckRun[] = [];
  for (const check of asked.checks) {
    doing.step = `check: ${check.run}`;
    doing.text_tail = '';
    const ended = await runCheck(check, { cwd, marker: checkMarkerOf(asked.topic), signal, onOutput: (line) => (doing.text_tail = line) });
    if (ended.passed) delete ended.output; // What passed need not be told of.
    ran.push(ended);
    if (!ended.passed) break;
  }
  return { ran };
}

function tooManyAttempts({ asked }: RunChecksInput, attempts: Attempts): AgentError {
  const message = `${attempts.before} attempts could not run the checks of prompt ${asked.prompt_id} to their end. ${attempts.lastReason()}`;
  return new AgentError(failure('OUTCOME_UNKNOWN', message), false);
}
