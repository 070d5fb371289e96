/**
 * Runs the checks of a turn on the session's host, up to the first failed one. After a crash in the
 * middle, all of them run again.
 */
import { Context } from '@temporalio/activity';
import { AgentError } from '../agents/agent.js';
import { failure } from '../contract/failures.js';
import type { CheckRun } from '../contract/checks.js';

import { failureOfDirectory } from '../host/working-directory.js';
import { placeOf } from '../host/work-tree.js';
import { isAlone } from './admission.js';
import { Attempts } from './attempts.js';
import { checkMarkerOf, runCheck } from './check-command.js';
import type { ActivityContext } from './context.js';
import { contextIn } from './configured.js';
import { refusedCheck } from './may-check.js';
import { handOver, refusal, translated } from './translate.js';
import type { AttemptFacts, RunChecksInput, RunChecksOutput, TurnHeartbeat } from './types.js';

const HEARTBEAT_EVERY_MS = 500;
/** The turn that fixes a failed check follows at once, if there is one. */
const FIXED_WITHIN_MS = 10_000;
type Doing = Pick<TurnHeartbeat, 'step' | 'text_tail'>;
/** A command that kills its worker would do so in every attempt. */
const MAX_BARREN_ATTEMPTS = 10;

export async function runChecks(input: RunChecksInput, worker: ActivityContext): Promise<RunChecksOutput> {
  const context = Context.current();
  const attempts = new Attempts(
    context.info.attempt,
    context.info.heartbeatDetails as Partial<AttemptFacts> | undefined,
    context.info.scheduledTimestampMs,
  );
  const doing: Doing = {};
  const tell = () => context.heartbeat({ ...doing, ...attempts.facts() });
  const beat = setInterval(tell, HEARTBEAT_EVERY_MS);
  const { asked, cwd } = input;
  const detach = new AbortController();
  context.cancelled.catch((error: unknown) => detach.abort(error));
  try {
    if (attempts.areInVain(MAX_BARREN_ATTEMPTS)) throw tooManyAttempts(input, attempts);
    const { config } = await contextIn(input.config_cwd ?? cwd, worker);
    const { host, isCheckProof, fence } = worker;
    const refused = (await refusedCheck(asked, config, host, isCheckProof)) ?? (await failureOfDirectory(cwd));
    if (refused) throw refusal(refused.code, refused.message);
    // The fence ends the command of an attempt that was lost, or that an operator reset, before
    // this attempt starts its own.
    return await fence.alone(`the checks of topic ${asked.topic}`, detach.signal, (signal) =>
      inTheirPlace(input, { ...worker, config }, signal, doing),
    );
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

/** Checks run in the place of their turn. If the turn worked alone, the checks do, too. */
async function inTheirPlace(
  input: RunChecksInput,
  host: Pick<ActivityContext, 'config' | 'directories'>,
  signal: AbortSignal,
  doing: Doing,
): Promise<RunChecksOutput> {
  const { topic } = input.asked;
  const directory = await placeOf(input.cwd);
  const waitsFor = (other: string) => (doing.step = `waits for topic ${other}, which works in ${directory}`);
  const alone = isAlone(input, host);
  const stay = await host.directories.enter({ directory, topic, alone, waitsFor, signal });
  let ran: RunChecksOutput | undefined;
  try {
    return (ran = await allOf(input, signal, doing));
  } finally {
    await stay.leave(ran?.ran.every(({ passed }) => passed) ? undefined : FIXED_WITHIN_MS);
  }
}

async function allOf({ asked, cwd }: RunChecksInput, signal: AbortSignal, doing: Doing): Promise<RunChecksOutput> {
  const ran: CheckRun[] = [];
  for (const check of asked.checks) {
    doing.step = `check: ${check.run}`;
    doing.text_tail = '';
    const ended = await runCheck(check, {
      cwd,
      marker: checkMarkerOf(asked.topic),
      signal,
      onOutput: (line) => (doing.text_tail = line),
    });
    if (ended.passed) delete ended.output; // Only the output of a failed check is needed.
    ran.push(ended);
    if (!ended.passed) break;
  }
  return { ran };
}

function tooManyAttempts({ asked }: RunChecksInput, attempts: Attempts): AgentError {
  const message = `${attempts.before} attempts could not run the checks of prompt ${asked.prompt_id} to their end. ${attempts.lastReason()}`;
  return new AgentError(failure('OUTCOME_UNKNOWN', message), false);
}
