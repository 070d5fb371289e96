/** Runs the checks of a turn on the session's host, up to the first that fails. A crash in the middle runs them again. */
import { stat } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { CheckRun } from '../contract/types.js';
import { runCheck } from './check-command.js';
import type { ActivityContext } from './index.js';
import { refusedCheck } from './may-check.js';
import { letGo, refusal, translated } from './translate.js';
import type { RunChecksInput, RunChecksOutput, TurnHeartbeat } from './types.js';

const HEARTBEAT_EVERY_MS = 500;

export async function runChecks(input: RunChecksInput, { config, host, isCheckProof }: ActivityContext): Promise<RunChecksOutput> {
  const context = Context.current();
  const doing: Partial<TurnHeartbeat> = {};
  const beat = setInterval(() => context.heartbeat(doing), HEARTBEAT_EVERY_MS);
  const { asked, cwd } = input;
  const marker = createHash('sha256').update(JSON.stringify([asked.topic, asked.prompt_id])).digest('hex').slice(0, 32);
  try {
    const refused = await refusedCheck(asked, config, host, isCheckProof);
    if (refused) throw refusal(refused.code, refused.message);
    if (!(await stat(cwd).catch(() => undefined))?.isDirectory()) throw refusal('CWD_MISSING', `Working directory ${cwd} does not exist.`);
    const ran: CheckRun[] = [];
    for (const check of asked.checks) {
      doing.step = `check: ${check.run}`;
      doing.text_tail = '';
      const ended = await runCheck(check, { cwd, marker, signal: context.cancellationSignal, onOutput: (line) => (doing.text_tail = line) });
      if (ended.passed) delete ended.output; // What passed need not be told of.
      ran.push(ended);
      if (!ended.passed) break;
    }
    return { ran };
  } catch (error) {
    throw context.cancellationDetails?.workerShutdown ? letGo(error) : translated(error);
  } finally {
    clearInterval(beat);
  }
}
